#!/usr/bin/env bash
# tools/check_includes.sh finds what it is for, in a tree made here, and nothing in this one.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
check=$here/../../tools/check_includes.sh
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT

write() { mkdir -p "$tree/$(dirname "$1")"; printf '%s\n' "${@:2}" > "$tree/$1"; }
expect() {  # expect EXIT_CODE TEXT
  local code=0 output
  output=$("$check" "$tree") || code=$?
  if [ "$code" != "$1" ] || [[ $output != *"$2"* ]]; then
    printf 'expected exit code %s and "%s", got %s and:\n%s\n' "$1" "$2" "$code" "$output"
    exit 1
  fi
}

write widenet/base/a.h '#include <vector>'
write widenet/solve/b.h '#include "widenet/base/a.h"' '#include "widenet/solve/b.h"'
write apps/widenet/c.cc '#include "widenet/solve/b.h"'
expect 0 '3 files, 0 offences'

write widenet/base/d.h '#pragma once' '# include "widenet/solve/b.h"'
expect 1 'widenet/base/d.h:2: widenet/base must not include widenet/solve (widenet/solve/b.h)'
rm "$tree/widenet/base/d.h"

write widenet/base/d.h '#include "a.h"'
expect 1 'widenet/base/d.h:1: include "a.h" names no file'
rm "$tree/widenet/base/d.h"

write widenet/nowhere/d.h '#include "widenet/base/a.h"'
expect 1 'widenet/nowhere is not in the table'
rm "$tree/widenet/nowhere/d.h"

write lab/d.cc '#include "apps/widenet/c.cc"'
expect 1 'lab must not include apps'
rm "$tree/lab/d.cc"

mapfile -t long < <(seq 401)
write widenet/base/d.cc "${long[@]}"
expect 1 'widenet/base/d.cc:401: is over 400 lines'
rm "$tree/widenet/base/d.cc"

"$check"
