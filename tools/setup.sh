#!/usr/bin/env bash
# Installs, by name from Debian 12's packages, what is missing to build and test: tools/setup.sh [lint]
# Says what it installs before it does; nothing missing costs one look at dpkg's list. With the word lint also what
# `make lint` needs.
set -euo pipefail

packages=(
  g++ cmake ninja-build pkg-config ccache  # to build; ccache makes the second build quick
  libopenblas-pthread-dev libhwy-dev       # products of matrices, vector instructions
  libfmt-dev nlohmann-json3-dev libcli11-dev zlib1g-dev
  libgtest-dev librapidcheck-dev libsvm-dev  # tests; libsvm is an oracle there
)
[ "${1:-}" != lint ] || packages+=(clang-format clang-tidy)

# dpkg-query fails where it knows nothing of a package, which is no failure here.
installed=$({ dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${packages[@]}" 2> /dev/null || true; } |
  sed -n 's/^installed //p')
missing=()
for package in "${packages[@]}"; do
  grep -qx -- "$package" <<< "$installed" || missing+=("$package")
done
if [ ${#missing[@]} = 0 ]; then
  exit 0
fi

if ! command -v apt-get > /dev/null; then
  printf 'setup: missing %s, and this system has no apt-get (the names are those of Debian 12) install them in its own way\n' \
    "${missing[*]}" >&2
  exit 1
fi
as_root=()
if [ "$(id -u)" != 0 ]; then
  if ! command -v sudo > /dev/null; then
    printf 'setup: missing %s, and only root may install (there is no sudo) run as root: apt-get install %s\n' \
      "${missing[*]}" "${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi

printf 'setup: installing from the distribution with apt-get%s: %s\n' "${as_root:+ (through sudo)}" "${missing[*]}"
"${as_root[@]}" apt-get update -q
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "${missing[@]}"
printf 'setup: done\n'
