#!/usr/bin/env bash
# The completions know the program's commands and exactly its options: completions_test.sh PROGRAM
set -euo pipefail
program=$1
completions=$(cd "$(dirname "$0")/../../completions" && pwd)
# shellcheck source=/dev/null
source "$completions/widenet.bash"

complete_words() {  # complete_words WORD ...: what bash offers for the last word
  COMP_WORDS=("$@")
  COMP_CWORD=$(($# - 1))
  COMPREPLY=()
  _widenet
  printf '%s\n' "${COMPREPLY[@]}"
}
options() { grep -oE -- '--[a-z][a-z0-9-]+' | sort -u; }

failures=0
differs() {  # differs WHAT EXPECTED ACTUAL
  if [ "$2" != "$3" ]; then
    printf '%s: the program and the completion differ\n' "$1"
    diff <(printf '%s\n' "$2") <(printf '%s\n' "$3") || true
    failures=$((failures + 1))
  fi
}

for command in fit predict evaluate kernel info; do
  expected=$("$program" "$command" --help | sed -n 's/^  \(-[a-zA-Z],\)\{0,1\}\(--[a-z0-9-]*\).*/\2/p' | sort -u)
  differs "bash, $command" "$expected" "$(complete_words "$program" "$command" -- | options)"
  differs "zsh, $command" "$expected" "$(
    { sed -n "s/^  common=($//; /^  common=(/,/^  )/p" "$completions/_widenet"
      sed -n "/^    $command)/,/;;/p" "$completions/_widenet"; } | options)"
done
differs 'bash, task' $'classification\nregression' "$(complete_words "$program" fit --task '' | sort)"
if command -v zsh > /dev/null; then zsh -n "$completions/_widenet"; fi
exit $((failures > 0))
