#!/usr/bin/env bash
# widenet beside neural-tangents and scikit-learn on this machine: bench/peers/run.sh [ARGUMENT ...]   (peers.py --help)
# The peers live in a virtual environment outside the repository, $WIDENET_PEERS_VENV or ~/.cache/widenet-peers; it is made
# from the Python index when it is not there. Needs Python 3.9 to 3.12 with venv.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
venv=${WIDENET_PEERS_VENV:-$HOME/.cache/widenet-peers}

present='import frozendict, importlib.util, jax, sklearn, sys; sys.exit(importlib.util.find_spec("neural_tangents") is None)'
if ! "$venv/bin/python" -c "$present" 2> /dev/null; then
  printf 'peers: installing %s and neural-tangents==0.6.5 from the Python index into %s\n' "bench/peers/requirements.txt" "$venv"
  python3 -m venv "$venv"
  "$venv/bin/pip" install -q -r "$here/requirements.txt"
  "$venv/bin/pip" install -q --no-deps neural-tangents==0.6.5
fi
exec "$venv/bin/python" "$here/peers.py" "$@"
