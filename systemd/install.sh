#!/usr/bin/env bash
# Installs the controller on a cabinet's computer (Debian or Raspberry Pi OS, 64 bit), from a checkout of this project:
#
#   sudo systemd/install.sh              install or upgrade; running it again changes nothing that is right already
#   sudo systemd/install.sh --display    the residents' screen as well: its packages, its user and its unit
#        systemd/install.sh --dry-run    print what would be done, as anybody, and do nothing (also with --display)
#
# It makes a virtual environment in /opt/locker from requirements/pi.txt with every hash checked, puts this project into
# it, creates the user, installs the unit and makes the cabinet's own keys where there are none. A configuration that is
# there already is never touched; where it passes "locker config check" the controller is started. The first time the
# example is put there, to be filled in first. Where espeak-ng is there, the voice's sentences are rendered beforehand.
set -euo pipefail

source_dir="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
prefix=/opt/locker
config_dir=/etc/locker
state_dir=/var/lib/locker
cache_dir=/var/cache/locker
unit=/etc/systemd/system/locker.service
python="${PYTHON:-python3}"
display=0
display_packages=(chromium cage fonts-noto-cjk)
dry=0
first=0

fail() {
  printf 'install.sh: %s\n' "$1" >&2
  exit 1
}

step() {
  printf '\n== %s\n' "$1"
}

# Run a command, or in a dry run only say it.
run() {
  printf '   %s\n' "$*"
  (( dry )) || "$@"
}

check_machine() {
  step "1/9 检查 check this machine"
  case "$(uname -m)" in
    x86_64 | aarch64) ;;
    *) fail "$(uname -m) is not supported: some packages have wheels for 64-bit x86 and ARM only; use a 64-bit system" ;;
  esac
  command -v systemctl >/dev/null || (( dry )) || fail "no systemd here"
  "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail "$python is older than 3.11"
  "$python" -c 'import ensurepip, venv' 2>/dev/null || fail "no venv: apt-get install python3-venv"
}

make_user() {
  step "2/9 用户 user and groups"
  run install -D -m 0644 "$source_dir/systemd/locker.sysusers" /usr/lib/sysusers.d/locker.conf
  run systemd-sysusers /usr/lib/sysusers.d/locker.conf
}

# The project is built from a copy, so that a checkout on a stick or owned by somebody else stays as it is.
install_program() {
  step "3/9 程序 program in $prefix"
  local copy="$1"
  [[ -x "$prefix/bin/python" ]] || run "$python" -m venv "$prefix"
  run "$prefix/bin/python" -m pip install --quiet --require-hashes -r "$source_dir/requirements/pi.txt"
  run cp -R "$source_dir/locker" "$source_dir/drivers" "$source_dir/sim" "$source_dir/pyproject.toml" \
    "$source_dir/README.md" "$source_dir/LICENSE" "$copy"
  run "$prefix/bin/python" -m pip install --quiet --no-deps --no-build-isolation --force-reinstall "$copy"
  run install -D -m 0644 "$source_dir/README.md" "$prefix/share/README.md"
}

install_config() {
  step "4/9 配置 configuration in $config_dir"
  run install -d -m 0750 -g locker "$config_dir"
  run install -m 0640 -g locker "$source_dir/config/cabinet.toml" "$config_dir/cabinet.toml.example"
  local example
  for example in "$source_dir"/config/cabinet-*.toml; do
    run install -m 0640 -g locker "$example" "$config_dir/${example##*/}.example"
  done
  if [[ -e "$config_dir/cabinet.toml" ]]; then
    printf '   %s\n' "$config_dir/cabinet.toml is there already and stays as it is"
  else
    first=1
    run install -m 0640 -g locker "$source_dir/config/cabinet.toml" "$config_dir/cabinet.toml"
  fi
}

install_unit() {
  step "5/9 服务 service"
  run install -D -m 0644 "$source_dir/systemd/locker.service" "$unit"
  run systemctl daemon-reload
  run systemctl enable locker.service
}

# The cabinet's own secrets, made once, by the user who alone may read them. What is there already stays as it is.
provision() {
  step "6/9 密钥 the cabinet's own keys in $state_dir"
  run install -d -m 0700 -o locker -g locker "$state_dir"
  run runuser -u locker -- "$prefix/bin/locker" device provision "$state_dir" ||
    printf '   %s\n' "deposits get no receipt until this is mended; the controller works without"
}

# The residents' screen: Chromium on the page that the controller serves on this machine. It starts with the machine and
# waits for the controller, so it does no harm before the configuration is filled in.
install_display() {
  (( display )) || return 0
  step "7/9 屏幕 the residents' screen"
  run apt-get install --yes --no-install-recommends "${display_packages[@]}"
  run install -D -m 0644 "$source_dir/systemd/locker-kiosk.sysusers" /usr/lib/sysusers.d/locker-kiosk.conf
  run systemd-sysusers /usr/lib/sysusers.d/locker-kiosk.conf
  run install -D -m 0644 "$source_dir/systemd/locker-kiosk.service" /etc/systemd/system/locker-kiosk.service
  run systemctl daemon-reload
  run systemctl enable locker-kiosk.service
  grep -q '^\[kiosk\]' "$config_dir/cabinet.toml" 2>/dev/null || (( dry )) ||
    printf '   %s\n' "$config_dir/cabinet.toml has no [kiosk]: the screen stays empty until it has"
}

# A sentence that is not there is rendered when it is first said, so nothing depends on this.
render_voice() {
  step "8/9 语音 the voice's sentences"
  if ! command -v espeak-ng >/dev/null; then
    printf '   %s\n' "no espeak-ng here, no voice; it can come later: apt-get install espeak-ng alsa-utils"
  elif (( first )); then
    printf '   %s\n' "not yet: after $config_dir/cabinet.toml is filled in," \
      "runuser -u locker -- $prefix/bin/locker voice render --config $config_dir/cabinet.toml"
  elif ! grep -q '^\[voice\]' "$config_dir/cabinet.toml" 2>/dev/null; then
    printf '   %s\n' "$config_dir/cabinet.toml has no [voice]: this cabinet is silent"
  else
    run install -d -m 0755 -o locker -g locker "$cache_dir"
    run runuser -u locker -- "$prefix/bin/locker" voice render --config "$config_dir/cabinet.toml" ||
      printf '   %s\n' "sentences are rendered when they are first said; the controller works without"
  fi
}

start() {
  step "9/9 启动 start"
  if (( first )); then
    printf '   %s\n' "not yet: fill in $config_dir/cabinet.toml, check it with" \
      "$prefix/bin/locker config check $config_dir/cabinet.toml, then: systemctl start locker"
    (( ! display )) || printf '   %s\n' "and the screen: systemctl start locker-kiosk"
  elif run "$prefix/bin/locker" config check "$config_dir/cabinet.toml"; then
    run systemctl restart locker.service
    (( ! display )) || run systemctl restart locker-kiosk.service
  else
    fail "the configuration has mistakes; mend $config_dir/cabinet.toml, then: systemctl restart locker"
  fi
}

main() {
  local option
  for option in "$@"; do
    case "$option" in
      --dry-run) dry=1 ;;
      --display) display=1 ;;
      -h | --help) sed -n '2,11s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" && exit 0 ;;
      *) fail "unknown option $option; there is --dry-run and --display" ;;
    esac
  done
  (( dry || EUID == 0 )) || fail "must run as root: sudo systemd/install.sh (or --dry-run to see what it would do)"
  local copy
  copy="$(mktemp -d)"
  trap "rm -rf '$copy'" EXIT
  check_machine
  make_user
  install_program "$copy"
  install_config
  install_unit
  provision
  install_display
  render_voice
  start
  printf '\n%s\n' "done: systemctl status locker; journalctl -u locker"
}

main "$@"
