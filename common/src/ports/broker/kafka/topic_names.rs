//! The names of topics and groups on the cluster: a prefix and the name of the contract.

use super::super::ConsumerGroup;
use crate::domain::record::Topic;

pub(super) struct KafkaNames {
    prefix: String,
    /// In the order of `Topic::ALL`.
    topics: [String; Topic::ALL.len()],
}

impl KafkaNames {
    pub(super) fn new(prefix: &str) -> Self {
        Self {
            prefix: prefix.to_owned(),
            topics: Topic::ALL.map(|topic| format!("{prefix}{}", topic.as_str())),
        }
    }

    pub(super) fn topic(&self, topic: Topic) -> &str {
        &self.topics[topic as usize]
    }

    pub(super) fn topics(&self) -> &[String] {
        &self.topics
    }

    /// The topic with this name on the cluster.
    pub(super) fn find(&self, name: &str) -> Option<Topic> {
        Topic::from_name(name.strip_prefix(&self.prefix)?)
    }

    pub(super) fn events(&self) -> Vec<&str> {
        Topic::EVENTS.map(|topic| self.topic(topic)).to_vec()
    }

    pub(super) fn group(&self, group: ConsumerGroup) -> String {
        format!("{}{}", self.prefix, group.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_found_by_its_name() {
        let names = KafkaNames::new("shop.");
        for topic in Topic::ALL {
            assert_eq!(names.topic(topic), format!("shop.{}", topic.as_str()));
            assert_eq!(names.find(names.topic(topic)), Some(topic));
        }
        assert_eq!(names.find("product.created"), None);
        assert_eq!(
            names.group(ConsumerGroup::Analytics),
            "shop.analytics-service-group"
        );
    }
}
