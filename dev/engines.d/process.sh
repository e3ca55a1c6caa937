# Processes of dev/engines: each is known by its folder $state/NAME with `pid`, `port`, `log` and its
# data. A `pid` file holds the process id and when that process began, so that an id which the system
# gave to another program is never mistaken for ours. Sourced, never run.
# shellcheck shell=bash disable=SC2034,SC2154

# Field 22 of /proc/PID/stat; fails when there is no such process, or only its remains.
began_at() {
    local stat fields
    # Not `stat=$(<…)`: in a background job bash ends without a word when there is no such file.
    { IFS= read -rd '' stat || [[ $stat ]]; } 2>/dev/null <"/proc/$1/stat" || return 1
    read -ra fields <<<"${stat##*) }"
    [[ ${fields[0]} != [ZX] ]] && echo "${fields[19]}"
}

# Sets $pid, to nothing when NAME does not run.
is_running() {
    local began now
    pid=''
    [[ -e $state/$1/pid ]] || return 1
    read -r pid began <"$state/$1/pid"
    now=$(began_at "$pid" || true)
    [[ $now == "$began" ]] || { pid='' && return 1; }
}

# Sets $condition and $pid.
state_of() {
    condition=stopped
    if is_running "$1"; then
        condition=silent
        if grep -qs '^State:[[:space:]]*T' "/proc/$pid/status"; then
            condition=frozen
        elif "$1_answers"; then
            condition=running
        fi
    elif [[ -e $state/$1/pid ]]; then
        condition=died
    fi
}

address_of() { [[ ! -s $state/$1/port ]] || echo "127.0.0.1:$(<"$state/$1/port")"; }

# A process and all that it started.
tree_of() {
    local child
    echo "$1"
    cat "/proc/$1/task/"*/children 2>/dev/null | tr ' ' '\n' | while read -r child; do
        tree_of "$child"
    done
}

# The proportional share of every page, or a dash: PostgreSQL's processes share most of theirs.
memory_of() {
    local one kilobytes=0 files=()
    for one in $([[ -z $1 ]] || tree_of "$1"); do
        [[ ! -r /proc/$one/smaps_rollup ]] || files+=("/proc/$one/smaps_rollup")
    done
    ((${#files[@]} == 0)) ||
        kilobytes=$(cat "${files[@]}" 2>/dev/null | awk '/^Pss:/ { sum += $2 } END { print sum + 0 }')
    ((kilobytes)) && echo "$((kilobytes / 1024)) MB" || echo -
}

send() { tree_of "$2" | xargs -r kill "-$1" 2>/dev/null || true; }

is_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Keeps the ports that NAME had, while nobody else took them; a clean stop and a crash keep addresses.
# New ones come from below the range that the system takes for outgoing connections.
claim_ports() {
    local file port=''
    for file in "$state/$1/port" "$state/$1/controller-port"; do
        [[ $file == */port || $1 == kafka ]] || continue
        [[ ! -s $file ]] || port=$(<"$file")
        if [[ -s $file ]] && is_taken "$port"; then
            note "$1: port $port was taken meanwhile, choosing another one"
            rm "$file"
        fi
        while [[ ! -s $file ]]; do
            port=$((20000 + RANDOM % 10000))
            is_taken "$port" || grep -qsx "$port" "$state"/*/*port || echo "$port" >"$file"
        done
    done
}

# One password for everything that takes one, new with every set of engines.
make_secret() {
    [[ -s $state/secret ]] ||
        (umask 077 && od -An -N16 -tx1 /dev/urandom | tr -d ' \n' >"$state/secret")
}

secret() { cat "$state/secret"; }

# Starts NAME in a session of its own, so that it survives this shell and its terminal. The process
# writes its pid file itself before it becomes the engine, and gives up if nobody waits for it any more:
# an interruption in between leaves nothing behind.
launch() {
    local place=$state/$1 worker=$BASHPID command=() tries
    "$1_command"
    rm -f "$place/pid"
    # shellcheck disable=SC2016
    (cd / && exec setsid bash -c '
        read -r stat <"/proc/$$/stat"
        read -ra fields <<<"${stat##*) }"
        echo "$$ ${fields[19]}" >"$0.new" && mv "$0.new" "$0" && kill -0 "$1" && exec "${@:2}"' \
        "$place/pid" "$worker" "${command[@]}") >>"$place/log" 2>&1 </dev/null 9>&- &
    for ((tries = 0; tries < 250; tries++)); do
        [[ ! -e $place/pid ]] || break
        sleep 0.02
    done
}

# Waits until NAME answers; one that ends, or is late, is stopped and its log shown.
await() {
    local deadline=$((SECONDS + ${PM_ENGINES_TIMEOUT:-60})) problem=''
    until is_running "$1" && "$1_answers"; do
        is_running "$1" || problem="$1 ended by itself"
        ((SECONDS < deadline)) || problem="$1 did not answer in ${PM_ENGINES_TIMEOUT:-60} s"
        if [[ -n $problem ]]; then
            tail -n 20 "$state/$1/log" >&2
            stop "$1"
            fail "$problem" "the end of its log is above, all of it: dev/engines logs $1"
        fi
        sleep 0.1
    done
}

# Asks NAME to end, then makes it. A frozen process hears nothing before it goes on.
stop() {
    local deadline=$((SECONDS + 15)) signal=TERM
    if is_running "$1"; then
        [[ $1 != postgres ]] || signal=INT
        kill "-$signal" "$pid" 2>/dev/null || true
        send CONT "$pid"
        while is_running "$1"; do
            ((SECONDS < deadline)) || send KILL "$pid"
            sleep 0.05
        done
    fi
    rm -f "$state/$1/pid"
}

# Everything that is left of NAME.
forget() {
    local data=$state/$1/place
    [[ ! -s $data ]] || rm -rf "$(<"$data")"
    rm -rf "${state:?}/$1"
}

# The answer to one HTTP request: PORT METHOD PATH [HEADERS [BODY]].
http() {
    local headers=${4:-} body=${5:-}
    (
        exec 3<>"/dev/tcp/127.0.0.1/$1"
        printf '%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n%bContent-Length: %d\r\n\r\n%s' \
            "$2" "$3" "$headers" "${#body}" "$body" >&3
        timeout 2 cat <&3
    ) 2>/dev/null
}
