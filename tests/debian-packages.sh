#!/usr/bin/env bash
# The Debian packages that some tests want: installs those that are missing where that needs no password (root, or sudo
# without one), and says how to get them where it does not. Never fails: the tests themselves skip, or fail where
# LOCKER_NO_SKIP=1. "--list" prints the packages.
set -uo pipefail

packages=(mosquitto chromium fonts-noto-cjk systemd nodejs npm espeak-ng alsa-utils poppler-utils)

if [[ "${1:-}" == --list ]]; then
  printf '%s\n' "${packages[@]}"
  exit 0
fi

# Node from elsewhere than Debian is as good, and does not suffer Debian's beside it.
elsewhere() {
  case "$1" in
    nodejs) command -v node ;;
    npm) command -v npm ;;
    *) false ;;
  esac >/dev/null
}

missing=()
for package in "${packages[@]}"; do
  elsewhere "$package" && continue
  [[ "$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null)" == installed ]] || missing+=("$package")
done
(( ${#missing[@]} )) || exit 0

as_root=()
if (( EUID != 0 )); then
  as_root=(sudo -n)
  sudo -n true 2>/dev/null || as_root=()
fi
if ! command -v apt-get >/dev/null || { (( EUID != 0 )) && (( ${#as_root[@]} == 0 )); }; then
  echo "not installed: ${missing[*]}; some tests will be skipped. To get them: sudo apt-get install ${missing[*]}" >&2
  exit 0
fi

log="$(mktemp)"
trap 'rm -f "$log"' EXIT
echo "installing Debian packages for the tests: ${missing[*]}"
# Debian may start its own mosquitto on loopback; the tests never use it: theirs has a port and a directory of its own.
install=(env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "${missing[@]}")
"${as_root[@]}" apt-get update >"$log" 2>&1 </dev/null
"${as_root[@]}" "${install[@]}" >>"$log" 2>&1 </dev/null || {
  tail -n 5 "$log" >&2
  echo "could not install: ${missing[*]}; some tests will be skipped" >&2
}
exit 0
