#!/bin/sh
# Starts, watches, stops and clears away one job, for who is connected for a moment only.
# Usage: sh -s -- COMMAND FOLDER NAME [ARCHIVE JOB], this file on standard input; NAME is the folder's last part.
set -u
command=$1 folder=$2 name=$3

case $folder in "$name" | */"$name") ;; *) echo "not the folder of $name" >&2; exit 2 ;; esac

# The number of a process may belong to another one by now: its command line has to name the job.
alive() {
    pid=$(cat "$folder/pid" 2>/dev/null) && [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null || return 1
    { tr '\0' ' ' <"/proc/$pid/cmdline" || ps -o args= -p "$pid"; } 2>/dev/null | grep -qF -- "$name"
}

halt() {
    alive || return 0
    kill -TERM "-$pid" 2>/dev/null
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do alive || return 0; sleep 0.5; done
    kill -KILL "-$pid" 2>/dev/null
    sleep 0.2
}

# A session of its own outlives the connection, and can be ended as a whole.
apart() {
    if command -v setsid >/dev/null 2>&1; then exec setsid "$@"
    else exec python3 -c 'import os, sys; os.setsid(); os.execvp(sys.argv[1], sys.argv[1:])' "$@"; fi
}

case $command in
state)
    if alive; then echo running
    elif [ -f "$folder/ended" ]; then echo "ended $(cat "$folder/ended")"
    elif [ -f "$folder/pid" ]; then echo "ended killed"
    else echo none; fi ;;
start)
    cd "$folder" || exit 1
    folder=.
    alive && exit 0
    tar -xzf "$4" || exit 1
    rm -f pid ended
    # Of two that start at once, only one can write `pid`.
    (apart sh -c '
        (set -C; echo $$ >pid) 2>/dev/null || exit 0
        sh -c "$1" >>told.ndjson 2>>log </dev/null
        echo $? >ended.part && mv ended.part ended' "$name" "$5") </dev/null >/dev/null 2>&1 &
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do [ -s pid ] && exit 0; sleep 0.1; done
    echo "the job did not start" >&2
    exit 1 ;;
log)
    tail -n 5 "$folder/log" 2>/dev/null ;;
stop)
    halt ;;
clean)
    halt
    rm -rf -- "$folder" ;;
esac
