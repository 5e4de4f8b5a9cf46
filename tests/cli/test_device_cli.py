"""``locker device`` and ``locker pickup``: provisioning a cabinet, and a code for an office without a cloud."""

from __future__ import annotations

from pathlib import Path

import pytest

from locker.authority.ed25519 import PrivateKey
from locker.authority.keys import kid_of
from locker.cli.main import main
from locker.device import KEY_FILE, SECRET_FILE, load

RFC_4226 = (b"12345678901234567890" + bytes(12)).hex()


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    """A secret under which the codes are those of RFC 4226, appendix D."""
    path = tmp_path / SECRET_FILE
    path.write_text(RFC_4226 + "\n", encoding="ascii")
    path.chmod(0o600)
    return path


def test_provision_makes_both_files_and_prints_the_public_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The public half on standard output, to be registered; what to do with the secret on standard error."""
    assert main(["device", "provision", str(tmp_path)]) == 0
    out, err = capsys.readouterr()
    public = PrivateKey.from_pem((tmp_path / KEY_FILE).read_bytes()).public
    assert out == f"public {public.hex()}\nkid    {kid_of(public).hex()}\n"
    assert f"已生成 made {tmp_path / KEY_FILE}\n已生成 made {tmp_path / SECRET_FILE}\n" in err
    assert "by hand" in err
    assert main(["device", "show", str(tmp_path)]) == 0
    assert capsys.readouterr() == (out, "")


def test_provisioning_again_changes_nothing_and_two_cabinets_differ(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A technician who is not sure may run it again."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    for name in ("a", "b", "a"):
        assert main(["device", "provision", str(tmp_path / name)]) == 0
    first, second, again = capsys.readouterr().out.split("public ")[1:]
    assert first == again != second
    assert (tmp_path / "a" / SECRET_FILE).read_bytes() != (tmp_path / "b" / SECRET_FILE).read_bytes()


def test_a_folder_or_file_that_is_wrong_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, the file and what to do."""
    assert main(["device", "show", str(tmp_path)]) == 2
    assert "device.pem: No such file or directory; make it with `locker device provision`" in capsys.readouterr().err
    assert main(["device", "provision", str(tmp_path / "none")]) == 2
    main(["device", "provision", str(tmp_path)])
    (tmp_path / SECRET_FILE).chmod(0o644)
    capsys.readouterr()
    assert main(["device", "show", str(tmp_path)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    assert "mode 0644 lets others at it" in err


def test_the_code_of_a_load_is_printed_alone(secret_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """RFC 4226, appendix D, count 9; 8 digits on demand; nothing else on the line, so that it can be piped."""
    assert main(["pickup", "code", "--secret-file", str(secret_file), "--counter", "9"]) == 0
    assert capsys.readouterr() == ("520489\n", "")
    assert main(["pickup", "code", "--secret-file", str(secret_file), "--counter", "9", "--digits", "8"]) == 0
    assert capsys.readouterr().out == "45520489\n"


def test_a_code_needs_a_private_file_and_a_counter(secret_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Group-readable, a negative counter: one line, exit code 2; five digits: a usage error."""
    assert main(["pickup", "code", "--secret-file", str(secret_file), "--counter", "-1"]) == 2
    assert "a counter is 0 to 2^64 - 1, not -1" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["pickup", "code", "--secret-file", str(secret_file), "--counter", "1", "--digits", "5"])
    secret_file.chmod(0o640)
    assert main(["pickup", "code", "--secret-file", str(secret_file), "--counter", "1"]) == 2
    assert "mode 0640" in capsys.readouterr().err


def test_what_provision_made_is_what_the_controller_loads(tmp_path: Path) -> None:
    """One folder, both secrets."""
    main(["device", "provision", str(tmp_path)])
    assert len(load(tmp_path).key.public) == 32
