# DynamoDB Local, in memory: every table is there for every credential and region. It cannot be told an
# address and listens on all of them; it can be told not to let every web page in. Sourced, never run.
# shellcheck shell=bash disable=SC2034,SC2154

dynamodb_version=2.6.1

dynamodb_folder() { echo "$cache/dynamodb-$dynamodb_version"; }
dynamodb_is_fetched() { [[ -d $(dynamodb_folder) ]]; }

dynamodb_packages() {
    java_packages
    dynamodb_is_fetched || maven_packages
}

dynamodb_fetch() { fetch_jars "$1" "com.amazonaws:DynamoDBLocal:$dynamodb_version"; }
dynamodb_prepare() { true; }

dynamodb_command() {
    local libs
    libs=$(dynamodb_folder)/libs
    command=(java -Xmx512m "-Djava.library.path=$libs" -cp "$libs/*"
        com.amazonaws.services.dynamodbv2.local.main.ServerRunner
        -inMemory -sharedDb -disableTelemetry -cors http://127.0.0.1 -port "$(<"$state/dynamodb/port")")
}

# It wants a signature and does not check it.
dynamodb_answers() {
    local headers='Content-Type: application/x-amz-json-1.0\r\nX-Amz-Target: DynamoDB_20120810.ListTables\r\n'
    headers+='Authorization: AWS4-HMAC-SHA256 Credential=pmengines/20200101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0\r\n'
    [[ $(http "$(<"$state/dynamodb/port")" POST / "$headers" '{}') == *TableNames* ]]
}

dynamodb_finish() { true; }

# What both of Amazon's engines take; DynamoDB Local allows letters and digits only.
aws_env() {
    echo "export AWS_ACCESS_KEY_ID=pmengines"
    echo "export AWS_SECRET_ACCESS_KEY=$(secret)"
    echo "export AWS_REGION=us-east-1"
}

dynamodb_env() {
    aws_env
    echo "export DYNAMODB_ENDPOINT=http://$(address_of dynamodb)"
    echo "export NOTIFICATIONS_TABLE=notifications"
    echo "export DYNAMODB_TABLE_NAME=analytics-metrics"
}
