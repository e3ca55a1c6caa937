# What dev/engines installs from Debian and what it fetches. Sourced, never run.
#
# Each engine's file says `NAME_packages` (what Debian has to provide), `NAME_is_fetched` and
# `NAME_fetch FOLDER`. A finished folder is moved into the cache at once: a broken fetch leaves nothing
# that looks complete.
# shellcheck shell=bash disable=SC2154

# Installs the packages that are missing for all NAMEs, in one go.
install_packages() {
    local name wanted=() command
    for name in "$@"; do
        # shellcheck disable=SC2207
        wanted+=($("${name}_packages"))
    done
    ((${#wanted[@]})) || return 0
    # shellcheck disable=SC2207
    wanted=($(printf '%s\n' "${wanted[@]}" | sort -u))
    command="apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=120 ${wanted[*]}"
    command -v apt-get >/dev/null || fail "missing, by the names of Debian's packages: ${wanted[*]}"
    [[ $(id -u) == 0 ]] || fail "missing packages: ${wanted[*]}" "sudo $command"
    note "$command"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive $command; } >"$state/apt.log" 2>&1 || {
        tail -n 20 "$state/apt.log" >&2
        fail "the packages could not be installed" "$command"
    }
}

# Java 17 or newer; the oldest that Kafka and DynamoDB Local run on.
java_packages() {
    local version
    version=$(java -version 2>&1 | sed -n 's/^[a-z]* version "\([0-9]*\).*/\1/p') || true
    ((${version:-0} >= 17)) || echo default-jre-headless
}

maven_packages() {
    command -v mvn >/dev/null || echo maven
    certificate_packages
}

certificate_packages() {
    [[ -s /etc/ssl/certs/ca-certificates.crt ]] || echo ca-certificates
}

# One fetch of a thing at a time, by however many checkouts.
fetch() {
    local name=$1 folder part
    folder=$("${name}_folder")
    part=$folder.part
    mkdir -p "$cache" || fail "$cache cannot be written" "set XDG_CACHE_HOME"
    exec 8>"$folder.lock"
    flock 8
    if ! "${name}_is_fetched"; then
        note "$name: fetching $(basename "$folder")"
        mkdir -p "$part"
        "${name}_fetch" "$part" >"$state/$name/fetch.log" 2>&1 || {
            tail -n 15 "$state/$name/fetch.log" >&2
            fail "$name could not be fetched" "is the network there? The end of the log is above, all of it: $state/$name/fetch.log"
        }
        mv -T "$part" "$folder"
    fi
    exec 8>&-
}

# Jars and what they need: FOLDER GROUP:ARTIFACT:VERSION...
fetch_jars() {
    local part=$1 group artifact version
    shift
    {
        echo '<project><modelVersion>4.0.0</modelVersion><groupId>pm</groupId>'
        echo '<artifactId>engine</artifactId><version>1</version><packaging>pom</packaging><dependencies>'
        while IFS=: read -r group artifact version; do
            echo "<dependency><groupId>$group</groupId><artifactId>$artifact</artifactId><version>$version</version></dependency>"
        done < <(printf '%s\n' "$@")
        echo '</dependencies></project>'
    } >"$part/pom.xml"
    mvn -B -ntp -q -C -f "$part/pom.xml" \
        org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies \
        -DincludeScope=runtime -DoutputDirectory="$part/libs"
}
