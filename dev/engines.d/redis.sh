# Redis, Debian's own version, in memory only. Sourced, never run.
# shellcheck shell=bash disable=SC2034,SC2154

redis_packages() {
    command -v redis-server >/dev/null && command -v redis-cli >/dev/null || echo redis-server
}
redis_is_fetched() { true; }
redis_prepare() { mkdir -p "$state/redis/home"; }

redis_command() {
    command=(redis-server --bind 127.0.0.1 --port "$(<"$state/redis/port")" --dir "$state/redis/home"
        --save '' --appendonly no)
}

redis_answers() {
    [[ $(timeout 2 redis-cli -h 127.0.0.1 -p "$(<"$state/redis/port")" ping 2>/dev/null) == PONG ]]
}

redis_finish() { true; }
redis_env() { echo "export REDIS_URL=redis://$(address_of redis)"; }
