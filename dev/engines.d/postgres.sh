# PostgreSQL, Debian's own version, in a cluster of its own. It refuses to run as root: then it runs as
# the user `postgres`, whose data must lie where that user can go. Sourced, never run.
# shellcheck shell=bash disable=SC2034,SC2154

# The newest that is installed, 15 or later.
postgres_bin() {
    local folder
    folder=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
    [[ -x $folder/initdb && ${folder//[!0-9]/} -ge 15 ]] && echo "$folder"
}

postgres_packages() { postgres_bin >/dev/null || echo postgresql; }
postgres_is_fetched() { true; }

as_postgres() {
    if [[ $(id -u) == 0 ]]; then
        setpriv --reuid=postgres --regid=postgres --init-groups -- "$@"
    else
        "$@"
    fi
}

postgres_data() { echo "$(<"$state/postgres/place")/data"; }

postgres_prepare() {
    local place=$state/postgres
    chmod 755 "$place"
    if [[ ! -s $place/place || ! -d $(<"$place/place") ]]; then
        if as_postgres test -x "$place"; then
            echo "$place/home" >"$place/place"
            mkdir -p "$place/home"
        else
            mktemp -d /var/tmp/pm-engines-postgres.XXXXXX >"$place/place"
        fi
        [[ $(id -u) != 0 ]] || chown postgres: "$(<"$place/place")"
    fi
    if [[ -e $(postgres_data)/PG_VERSION ]]; then
        postgres_is_over
        return
    fi
    # A fresh cluster is built aside: one that was interrupted is built again.
    rm -rf "$(postgres_data)" "$(postgres_data).new"
    (
        umask 077
        secret >"$(<"$place/place")/password"
        [[ $(id -u) != 0 ]] || chown postgres: "$(<"$place/place")/password"
        cd / && as_postgres "$(postgres_bin)/initdb" -D "$(postgres_data).new" -U postgres \
            --pwfile="$(<"$place/place")/password" -A scram-sha-256 -E UTF8 --locale=C.UTF-8 --no-sync
    ) >>"$place/log" 2>&1 || {
        tail -n 20 "$place/log" >&2
        fail "postgres: initdb failed" "the end of its log is above"
    }
    rm -f "$(<"$place/place")/password"
    mv "$(postgres_data).new" "$(postgres_data)"
}

# After a crash the server refuses to start while what is left of its predecessor has an id or shares
# its memory. Waits for the memory; the id may belong to a process that nobody has buried yet.
postgres_is_over() {
    local file shared='' tries
    file=$(postgres_data)/postmaster.pid
    [[ -e $file ]] || return 0
    read -r _ shared < <(sed -n 7p "$file") || true
    for ((tries = 0; tries < 200; tries++)); do
        awk -v id="${shared:--1}" '$2 == id && $7 > 0 { exit 1 }' /proc/sysvipc/shm && break
        sleep 0.05
    done
    began_at "$(head -n 1 "$file")" >/dev/null || rm -f "$file"
}

postgres_command() {
    command=("$(postgres_bin)/postgres" -D "$(postgres_data)" -p "$(<"$state/postgres/port")"
        -c listen_addresses=127.0.0.1 -c unix_socket_directories=''
        -c max_connections=300 -c shared_buffers=256MB -c timezone=UTC)
    [[ $(id -u) != 0 ]] ||
        command=(setpriv --reuid=postgres --regid=postgres --init-groups -- "${command[@]}")
}

postgres_answers() {
    "$(postgres_bin)/pg_isready" -q -t 2 -h 127.0.0.1 -p "$(<"$state/postgres/port")"
}

postgres_sql() {
    PGPASSWORD=$(secret) "$(postgres_bin)/psql" -XAtq -v ON_ERROR_STOP=1 -h 127.0.0.1 \
        -p "$(<"$state/postgres/port")" -U postgres -d postgres -c "$1"
}

postgres_finish() {
    [[ $(postgres_sql "select 1 from pg_database where datname = 'product_management'") == 1 ]] ||
        postgres_sql 'create database product_management'
}

postgres_env() {
    echo "export DATABASE_URL=postgres://postgres:$(secret)@$(address_of postgres)/product_management"
}
