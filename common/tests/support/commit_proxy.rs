//! A TCP proxy in front of a PostgreSQL server that loses what is said about a COMMIT.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    task::{JoinHandle, JoinSet},
};

/// What becomes of a COMMIT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CommitFault {
    /// The connection breaks before the server has it.
    CutBefore,
    /// The server does it, and the connection breaks before its answer.
    CutBehind,
    /// The server does it, and the answer never comes.
    Silence,
}

/// The next faults, and how often one has struck.
#[derive(Debug)]
struct ProxyPlan {
    fault: CommitFault,
    /// What the server says of a statement that it has done.
    tag: &'static str,
    left: usize,
    struck: usize,
}

/// Closed when dropped; open connections break.
#[derive(Debug)]
pub(crate) struct CommitProxy {
    address: SocketAddr,
    accepting: JoinHandle<()>,
    plan: Arc<Mutex<ProxyPlan>>,
}

impl CommitProxy {
    /// A proxy to the server of this URL.
    pub(crate) async fn open(url: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let plan = Arc::new(Mutex::new(ProxyPlan {
            fault: CommitFault::CutBehind,
            tag: "COMMIT",
            left: 0,
            struck: 0,
        }));
        Self {
            address: listener.local_addr().unwrap(),
            accepting: tokio::spawn(accept(listener, place(url).to_owned(), Arc::clone(&plan))),
            plan,
        }
    }

    /// The URL with this proxy in the server's place.
    pub(crate) fn url(&self, url: &str) -> String {
        url.replacen(place(url), &self.address.to_string(), 1)
    }

    /// The next `times` COMMITs meet this fault.
    pub(crate) fn arm(&self, fault: CommitFault, times: usize) {
        self.arm_for("COMMIT", fault, times);
    }

    /// The next statements of which the server says `tag` meet this fault, which is none before it.
    pub(crate) fn arm_for(&self, tag: &'static str, fault: CommitFault, times: usize) {
        let mut plan = self.plan.lock().unwrap();
        (plan.tag, plan.fault, plan.left) = (tag, fault, times);
    }

    /// How often a fault has struck.
    pub(crate) fn struck(&self) -> usize {
        self.plan.lock().unwrap().struck
    }
}

impl Drop for CommitProxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Host and port of a URL.
fn place(url: &str) -> &str {
    let server = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = server.split(['/', '?']).next().unwrap_or_default();
    authority.rsplit('@').next().unwrap_or_default()
}

async fn accept(listener: TcpListener, server: String, plan: Arc<Mutex<ProxyPlan>>) {
    let mut connections = JoinSet::new();
    loop {
        let (client, _) = listener.accept().await.unwrap();
        connections.spawn(carry(client, server.clone(), Arc::clone(&plan)));
    }
}

/// What ends first ends both ways.
async fn carry(client: TcpStream, server: String, plan: Arc<Mutex<ProxyPlan>>) {
    let Ok(server) = TcpStream::connect(server).await else {
        return;
    };
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::select! {
        () = forward(from_client, to_server, &plan, &[CommitFault::CutBefore]) => {}
        () = forward(from_server, to_client, &plan, &[CommitFault::CutBehind, CommitFault::Silence]) => {}
    }
}

async fn forward(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    plan: &Mutex<ProxyPlan>,
    faults: &[CommitFault],
) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        match strike(plan, faults, &buffer[..length]) {
            None => {}
            Some(CommitFault::Silence) => std::future::pending().await,
            Some(CommitFault::CutBefore | CommitFault::CutBehind) => return,
        }
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}

/// The fault that these bytes meet. Statement and answer are a few bytes sent at once.
fn strike(plan: &Mutex<ProxyPlan>, faults: &[CommitFault], bytes: &[u8]) -> Option<CommitFault> {
    let mut plan = plan.lock().unwrap();
    if plan.left == 0 || !faults.contains(&plan.fault) {
        return None;
    }
    let tag = format!("{}\0", plan.tag);
    let found = bytes
        .windows(tag.len())
        .any(|window| window == tag.as_bytes());
    if !found {
        return None;
    }
    plan.left -= 1;
    plan.struck += 1;
    Some(plan.fault)
}
