# Apache Kafka, one node that is broker and controller at once. Sourced, never run.
# shellcheck shell=bash disable=SC2034,SC2154

kafka_version=4.1.1

kafka_folder() { echo "$cache/kafka-$kafka_version"; }
kafka_is_fetched() { [[ -d $(kafka_folder) ]]; }

kafka_packages() {
    java_packages
    kafka_is_fetched || maven_packages
}

# Without slf4j-simple Kafka says nothing at all. Formatting takes a Java process some seconds and its
# result names no port: it is done once, here, and copied for every new set of engines.
kafka_fetch() {
    fetch_jars "$1" "org.apache.kafka:kafka_2.13:$kafka_version" \
        "org.apache.kafka:kafka-tools:$kafka_version" org.slf4j:slf4j-simple:1.7.36 || return 1
    rm -rf "$1/formatted"
    kafka_settings 9092 9093 "$1/formatted" >"$1/server.properties"
    java -cp "$1/libs/*" kafka.tools.StorageTool format -t pmEnginesAAAAAAAAAAAAA \
        -c "$1/server.properties"
}

# PORT CONTROLLER-PORT FOLDER. The inner topics get few partitions: tests make many groups, not big ones.
# A broker that crashed is let in again when its session is over, so that is short.
kafka_settings() {
    cat <<TXT
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$2
listeners=PLAINTEXT://127.0.0.1:$1,CONTROLLER://127.0.0.1:$2
advertised.listeners=PLAINTEXT://127.0.0.1:$1
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs=$3
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
broker.session.timeout.ms=5000
broker.heartbeat.interval.ms=1000
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
TXT
}

kafka_prepare() {
    local place=$state/kafka
    [[ -e $place/home/meta.properties ]] || {
        rm -rf "${place:?}/home" "$place/home.new"
        cp -r "$(kafka_folder)/formatted" "$place/home.new"
        mv "$place/home.new" "$place/home"
    }
    kafka_settings "$(<"$place/port")" "$(<"$place/controller-port")" "$place/home" >"$place/server.properties"
}

kafka_command() {
    command=(java -Xms128m -Xmx512m -Dorg.slf4j.simpleLogger.showDateTime=true
        -Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS
        -cp "$(kafka_folder)/libs/*" kafka.Kafka "$state/kafka/server.properties")
}

# A metadata request for no topic at all: length, key 3, version 1, correlation id 7, no client, an
# empty list. The answer has length, id, and how many brokers are open for clients.
kafka_answers() {
    local answer
    answer=$(
        exec 2>/dev/null
        exec 3<>"/dev/tcp/127.0.0.1/$(<"$state/kafka/port")"
        printf '\0\0\0\016\0\003\0\001\0\0\0\007\377\377\0\0\0\0' >&3
        timeout 2 head -c 12 <&3 | od -An -v -tx1 | tr -d ' \n'
    )
    [[ ${answer:8:8} == 00000007 && ${answer:16:8} == 00000001 ]]
}

kafka_finish() { true; }
kafka_env() { echo "export KAFKA_BROKERS=$(address_of kafka)"; }
