//! Other processes on the same store. They must share every engine that their roles meet at: an upload,
//! an event or a total that lies in an engine of one process's own is not there for the other.

use anyhow::bail;
use pm_common::{
    config::Config,
    domain::port::Port,
    ports::store::{NODE_INTERVAL, StoreNode},
};
use tokio_util::sync::CancellationToken;

use crate::{
    app::App,
    roles::{Role, sharing},
};

/// Where processes meet. Without a feed of their own streams read the inbox, and each limiter counts for
/// itself: that is not as good, but nothing is lost.
const MEETING_PORTS: [Port; 4] = [Port::Broker, Port::Inbox, Port::Ledger, Port::Archive];

/// This process as the others see it.
pub(crate) fn this_node(config: &Config, node: &str, roles: &[Role]) -> StoreNode {
    let roles: Vec<_> = roles.iter().map(|role| role.as_str().to_owned()).collect();
    let choices = config.choices();
    let embedded = choices.iter().filter(|choice| choice.embedded);
    StoreNode {
        // Several processes of one node may share the work.
        name: format!("{node} ({})", roles.join(", ")),
        embedded: embedded
            .map(|choice| choice.port.name().to_owned())
            .collect(),
        roles,
    }
}

/// Joins the processes on the store. Fails when this one would not meet another that is there.
pub(crate) async fn join(app: &App, this: &StoreNode) -> anyhow::Result<()> {
    let others = app.store.node_announce(this).await?;
    let parted = |other: &StoreNode| {
        let port = MEETING_PORTS
            .into_iter()
            .find(|port| are_parted(*port, this, other));
        port.map(|port| (port, other.clone()))
    };
    let Some((port, other)) = others.iter().find_map(parted) else {
        return Ok(());
    };
    app.store.node_leave(&this.name).await?;
    let own = app
        .config
        .choices()
        .into_iter()
        .find(|choice| choice.port == port && choice.embedded);
    let why = own.map_or_else(
        || format!("the {port} of that process is its own"),
        |choice| {
            format!(
                "the {port} of this process would be its own: {}",
                choice.why
            )
        },
    );
    bail!(
        "another process uses this database ({}), and {why}; configure the same {port} for both, or stop that process (one that was killed is forgotten after 20 s)",
        other.name
    );
}

/// Whether both have a role that uses the port, and one of them an engine of its own there.
fn are_parted(port: Port, this: &StoreNode, other: &StoreNode) -> bool {
    let uses = |node: &StoreNode| {
        sharing(port)
            .iter()
            .any(|role| node.roles.iter().any(|name| name == role.as_str()))
    };
    let owns = |node: &StoreNode| node.embedded.iter().any(|name| name == port.name());
    uses(this) && uses(other) && (owns(this) || owns(other))
}

/// Says again and again that this process is there, until `stop`.
pub(crate) async fn announce(app: App, this: StoreNode, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(NODE_INTERVAL) => {}
        }
        if let Err(error) = app.store.node_announce(&this).await {
            tracing::debug!(%error, "the other processes do not hear of this one");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(roles: &[Role], embedded: &[Port]) -> StoreNode {
        StoreNode {
            name: "n".to_owned(),
            roles: roles.iter().map(|role| role.as_str().to_owned()).collect(),
            embedded: embedded.iter().map(|port| port.name().to_owned()).collect(),
        }
    }

    /// Red when: an engine of the other process's own is overlooked, or roles that do not meet are
    /// kept apart.
    #[test]
    fn processes_meet_at_engines_that_both_can_reach() {
        let all = node(&Role::ALL, &[]);
        let own_archive = node(&Role::ALL, &[Port::Archive]);
        assert!(!are_parted(Port::Archive, &all, &all));
        assert!(are_parted(Port::Archive, &all, &own_archive));
        assert!(are_parted(Port::Archive, &own_archive, &all));
        assert!(!are_parted(Port::Broker, &own_archive, &all));
        let relay = node(&[Role::Relay], &[Port::Archive]);
        assert!(
            !are_parted(Port::Archive, &own_archive, &relay),
            "a relay has no uploads"
        );
    }
}
