#!/usr/bin/env bash
# The checks of the text: tools/lint.sh format | tidy BUILD [FILE ...] | all BUILD
# format: clang-format would change nothing. tidy: clang-tidy with .clang-tidy, on the files named or on all that BUILD
# compiles (needs its compile_commands.json). all: both, and tools/check_includes.sh.
set -euo pipefail
cd "$(dirname "$0")/.."

format() {
  local files
  mapfile -t files < <(find widenet apps lab tests bench examples -name '*.h' -o -name '*.cc' -o -name '*.inc' 2> /dev/null | sort)
  clang-format --dry-run -Werror "${files[@]}"
  printf 'format: %s files\n' "${#files[@]}"
}

tidy() {
  local build=$1 files=("${@:2}")
  if [ ${#files[@]} = 0 ]; then
    mapfile -t files < <(sed -n 's/^  "file": "\(.*\)",\{0,1\}$/\1/p' "$build/compile_commands.json")
  fi
  printf '%s\0' "${files[@]}" | xargs -0 -n 1 -P "$(nproc)" clang-tidy -p "$build" --quiet --warnings-as-errors='*'
  printf 'tidy: %s files\n' "${#files[@]}"
}

case ${1:-} in
  format) format ;;
  tidy) tidy "${@:2}" ;;
  all) tools/check_includes.sh && format && tidy "${2:?the build folder}" ;;
  *) sed -n '2,4s/^# //p' "$0" >&2; exit 2 ;;
esac
