# What dev/quickstart and dev/test share: talking to the person, and making sure that a build can
# succeed. Sourced, never run.
# shellcheck shell=bash disable=SC2034

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
target=${CARGO_TARGET_DIR:-target}

if [[ -t 1 && -z ${NO_COLOR:-} ]]; then
    bold=$'\e[1m' dim=$'\e[2m' green=$'\e[32m' red=$'\e[31m' plain=$'\e[0m'
else
    bold='' dim='' green='' red='' plain=''
fi

# A heading.
step() { printf '\n%s==> %s%s\n' "$bold" "$*" "$plain"; }
# A line below it.
note() { printf '    %s%s%s\n' "$dim" "$*" "$plain"; }
# The last line of what cannot go on; further arguments say what to do.
fail() {
    printf '\n%serror:%s %s\n' "$red$bold" "$plain" "$1" >&2
    shift
    (($# == 0)) || printf '       %s\n' "$@" >&2
    exit 1
}

# A Rust toolchain that is new enough, a C compiler for SQLite, zstd and ring, a C++ compiler and make
# for librdkafka.
need_build_tools() {
    command -v cargo >/dev/null ||
        fail "cargo was not found" "install Rust from https://rustup.rs, then run this again"
    local wanted have
    wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
    have=$(rustc --version | cut -d' ' -f2)
    [[ $(printf '%s\n' "$wanted" "${have%%-*}" | sort -V | head -n 1) == "$wanted" ]] ||
        fail "Rust $have is too old, $wanted is needed" "rustup update stable"
    { command -v cc && command -v c++ && command -v make; } >/dev/null || install_compilers
}

install_compilers() {
    local command='apt-get install -y --no-install-recommends g++ make' problem='C and C++ compilers and make are needed'
    case $(uname) in
    Darwin) fail "$problem" "xcode-select --install" ;;
    esac
    if command -v apt-get >/dev/null; then
        [[ $(id -u) == 0 ]] || fail "$problem" "sudo $command"
        step "Installing C and C++ compilers"
        note "$command"
        { apt-get update -qq && DEBIAN_FRONTEND=noninteractive $command >/dev/null; } ||
            fail "the compilers could not be installed" "$command"
        return
    fi
    fail "$problem (cc, c++, make)" \
        "Fedora: sudo dnf install gcc-c++ make    Arch: sudo pacman -S base-devel    Alpine: apk add build-base bash"
}
