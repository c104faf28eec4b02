#!/bin/sh
# Installs what training needs beside this file, and trains. Run again, it goes on where it was.
# What the trainer tells goes to standard output, one JSON object a line; all else to standard error.
set -eu
cd "$(dirname "$0")"

if [ ! -e venv/.ready ]; then
    python=${METAHUMAN_PYTHON:-python3}
    if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
        echo "metahuman: $python is no Python 3.11 or newer; name one in etc/remote.json, key python" >&2
        exit 1
    fi
    "$python" -m venv venv 1>&2
    if ! command -v nvidia-smi >/dev/null 2>&1 && [ "$(uname -s)" = Linux ]; then
        # Else pip would fetch gigabytes for a GPU that is not there.
        venv/bin/python -m pip install --quiet --index-url https://download.pytorch.org/whl/cpu \
            "$(grep '^torch[=<>]' requirements.txt)" 1>&2
    fi
    venv/bin/python -m pip install --quiet -r requirements.txt 1>&2
    touch venv/.ready
fi

export PYTHONPATH="$PWD/code" PYTHONUNBUFFERED=1
venv/bin/python -m metahuman.training.remote.base 1>&2
exec venv/bin/python -m metahuman.training train .
