#!/usr/bin/env bash
# Checks the direction of includes and the length of files: tools/check_includes.sh [ROOT]
# Prints every offence as file:line and ends with 1 if there is one. The table below is the architecture (docs/design.md
# explains it): a folder may include itself, what its line names, and nothing else of this project.
set -euo pipefail
root=${1:-$(dirname "$0")/..}
cd "$root"

allowed() {
  cat <<'TABLE'
widenet/base
widenet/activation    base
widenet/architecture  base activation
widenet/data          base
widenet/gram          base
widenet/kernels       base activation architecture gram
widenet/infinite      base activation architecture gram kernels
widenet/solve         base gram
widenet/learn         base activation architecture data gram kernels infinite solve
TABLE
}

# Files over this many lines are named; an exception has its line here, with the reason behind it: path  reason
longest=400
exceptions() {
  cat <<'TABLE'
TABLE
}

sources() {
  local folder
  for folder in widenet apps lab tests bench examples tools; do
    if [ -d $folder ]; then
      find $folder -type f \( -name '*.h' -o -name '*.cc' -o -name '*.inc' -o -name '*.sh' -o -name '*.py' \)
    fi
  done | sort
}

sources | awk -v longest=$longest -v allowed="$(allowed)" -v exceptions="$(exceptions)" '
  BEGIN {
    n = split(allowed, lines, "\n")
    for (i = 1; i <= n; i++) {
      m = split(lines[i], word, " ")
      known[word[1]] = 1
      may[word[1], word[1]] = 1
      for (j = 2; j <= m; j++) may[word[1], "widenet/" word[j]] = 1
    }
    n = split(exceptions, lines, "\n")
    for (i = 1; i <= n; i++) { split(lines[i], word, " "); excepted[word[1]] = 1 }
  }
  function offence(line, text) { printf "%s:%d: %s\n", file, line, text; bad++ }
  # The folder a path counts for: widenet/<folder>, or the first part of the path elsewhere.
  function layer(path,   part) {
    split(path, part, "/")
    return part[1] == "widenet" && part[3] != "" ? part[1] "/" part[2] : part[1]
  }
  function exists(path,   line, found) {
    if (path == file) return 1  # open already
    found = (getline line < path) >= 0
    close(path)
    return found
  }
  function check(number, target,   from, to) {
    from = layer(file); to = layer(target)
    if (!exists(target)) {
      offence(number, "include \"" target "\" names no file (paths begin at the root of the repository)")
    } else if (from ~ /^widenet/) {
      if (!(from in known)) offence(number, from " is not in the table of tools/check_includes.sh")
      else if (!((from, to) in may)) offence(number, from " must not include " to " (" target ")")
    } else if (from == "lab" && to !~ /^(widenet\/|lab$)/ || from == "apps" && to !~ /^(widenet\/|lab$|apps$)/ ||
               from ~ /^(tests|bench|examples)$/ && to !~ /^widenet\// && to != from && !(from == "tests" && to == "lab")) {
      offence(number, from " must not include " to " (" target ")")
    }
  }
  {
    file = $0; number = 0
    while ((getline text < file) > 0) {
      number++
      if (file ~ /\.(h|cc|inc)$/ && text ~ /^[ \t]*#[ \t]*include[ \t]*"/) {
        split(text, quoted, "\"")
        check(number, quoted[2])
      }
    }
    close(file)
    files++
    if (number > longest && !(file in excepted)) offence(number, "is over " longest " lines (one file, one subject) split it")
  }
  END {
    printf "includes and lengths: %d files, %d offences\n", files, bad
    exit bad > 0
  }
'
