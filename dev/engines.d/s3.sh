# S3 on a folder, by VersityGW. It keeps what S3 knows of an object in extended attributes of its file,
# so the folder's file system must have them. Sourced, never run.
# shellcheck shell=bash disable=SC2034,SC2154

s3_version=v1.8.0
# It is built with this Go when there is none, or an older one; Debian 12 has 1.19.
s3_go=1.25.5

s3_folder() { echo "$cache/versitygw-$s3_version"; }
s3_is_fetched() { [[ -d $(s3_folder) ]]; }

s3_packages() {
    s3_is_fetched || {
        command -v go >/dev/null || echo golang-go
        certificate_packages
    }
}

s3_fetch() {
    local go
    # Its module and build caches are worth nothing afterwards.
    export GOMODCACHE=$cache/go/mod GOCACHE=$cache/go/build GOFLAGS=-modcacherw GOTOOLCHAIN=local
    go=$(new_enough_go) || return 1
    CGO_ENABLED=0 GOBIN=$1 "$go" install -trimpath -ldflags '-s -w' \
        "github.com/versity/versitygw/cmd/versitygw@$s3_version" && rm -rf "$cache/go"
}

# Go itself is a module, too; an old Go can fetch and verify a new one, it just does not run it.
new_enough_go() {
    local have toolchain platform
    have=$(go env GOVERSION)
    if [[ $(printf '%s\n' "go$s3_go" "$have" | sort -V | head -n 1) == "go$s3_go" ]]; then
        command -v go
        return
    fi
    platform=$(go env GOOS)-$(go env GOARCH)
    go mod download "golang.org/toolchain@v0.0.1-go$s3_go.$platform" >&2 || return 1
    toolchain=$GOMODCACHE/golang.org/toolchain@v0.0.1-go$s3_go.$platform
    chmod -R +x "$toolchain/bin" "$toolchain/pkg/tool" && echo "$toolchain/bin/go"
}

s3_prepare() { mkdir -p "$state/s3/home"; }

s3_command() {
    command=(env ROOT_ACCESS_KEY=pmengines "ROOT_SECRET_KEY=$(secret)" "$(s3_folder)/versitygw"
        --port "$(address_of s3)" --region us-east-1 --health /health --quiet posix "$state/s3/home")
}

s3_answers() { [[ $(http "$(<"$state/s3/port")" GET /health) == *' 200 '* ]]; }

s3_finish() { true; }

s3_env() {
    aws_env
    echo "export S3_ENDPOINT=http://$(address_of s3)"
    echo "export S3_BUCKET_NAME=analytics-archive"
}
