# bash completion for widenet
_widenet() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]} words=
  COMPREPLY=()
  if [ "$COMP_CWORD" = 1 ]; then
    mapfile -t COMPREPLY < <(compgen -W 'fit predict evaluate kernel info lab --help --version' -- "$current")
    return
  fi
  case $previous in
    --task) words='regression classification' ;;
    --scale) words='standard normalise none' ;;
    --solver) words='cholesky svm' ;;
    --ridge) words='auto' ;;
    --out | --test | --data) ;;
    --target | --kernel | --folds | --split | --memory | --threads | --seed | --input-shape) return ;;
    *)
      case $command in
        fit) words='--target --task --kernel --ridge --solver --scale --test --folds --split --out --seed' ;;
        predict) words='--std --proba --out' ;;
        kernel) words='--out --float32 --diagonal' ;;
        info) words='--input-shape' ;;
        lab)
          if [ "$COMP_CWORD" = 2 ]; then
            words='list run'
          elif [ "$previous" = run ]; then
            words=$("${COMP_WORDS[0]}" lab list --quiet 2> /dev/null | awk '{print $1}')
          else
            words='--data --out'
          fi
          ;;
      esac
      words+=' --json --quiet --threads --memory --help'
      [[ $current == -* || $command == lab ]] || words=
      ;;
  esac
  if [ -n "$words" ]; then
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  else
    compopt -o filenames 2> /dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
  fi
}
complete -F _widenet widenet
