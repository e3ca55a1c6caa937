//! A door to a server that a test can shut, jam and slam.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    task::JoinHandle,
};

/// What happens to bytes on their way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::archive) enum Fault {
    None,
    /// A connection breaks behind so many bytes of answers.
    Cut(usize),
    /// A connection falls silent behind so many bytes of answers.
    Silence(usize),
    /// The next answer to a request that has this text breaks its connection instead.
    LoseAnswer(&'static str),
}

#[derive(Debug)]
pub(in crate::archive) struct Proxy {
    address: SocketAddr,
    accepting: JoinHandle<()>,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    target: String,
    fault: Mutex<Fault>,
    faults: AtomicUsize,
}

impl Proxy {
    /// A door at `address` to the server at `endpoint`; port 0 takes a free one.
    pub(in crate::archive) async fn open(address: &str, endpoint: &str) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let target = endpoint.trim_start_matches("http://").trim_end_matches('/');
        let state = Arc::new(State {
            target: target.to_owned(),
            fault: Mutex::new(Fault::None),
            faults: AtomicUsize::new(0),
        });
        Self {
            address: listener.local_addr().unwrap(),
            accepting: tokio::spawn(accept(listener, Arc::clone(&state))),
            state,
        }
    }

    pub(in crate::archive) fn address(&self) -> String {
        self.address.to_string()
    }

    pub(in crate::archive) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(in crate::archive) fn set(&self, fault: Fault) {
        *self.state.fault.lock().unwrap() = fault;
    }

    /// How often a fault has struck.
    pub(in crate::archive) fn faults(&self) -> usize {
        self.state.faults.load(SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let (client, _) = listener.accept().await.unwrap();
        connections.spawn(carry(client, Arc::clone(&state)));
    }
}

/// Whatever ends first ends both ways.
async fn carry(client: TcpStream, state: Arc<State>) {
    let Ok(server) = TcpStream::connect(&state.target).await else {
        return;
    };
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let lost = AtomicBool::new(false);
    tokio::select! {
        () = requests(from_client, to_server, &state, &lost) => {}
        () = answers(from_server, to_client, &state, &lost) => {}
    }
}

async fn requests(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    state: &State,
    lost: &AtomicBool,
) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        if let Fault::LoseAnswer(text) = *state.fault.lock().unwrap()
            && String::from_utf8_lossy(&buffer[..length]).contains(text)
        {
            lost.store(true, SeqCst);
        }
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}

async fn answers(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    state: &State,
    lost: &AtomicBool,
) {
    let mut buffer = vec![0; 64 * 1024];
    let mut passed = 0;
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        passed += length;
        let fault = *state.fault.lock().unwrap();
        let strikes = match fault {
            Fault::None => false,
            Fault::Cut(after) | Fault::Silence(after) => passed > after,
            Fault::LoseAnswer(_) => lost.load(SeqCst),
        };
        if strikes {
            state.faults.fetch_add(1, SeqCst);
            match fault {
                Fault::Silence(_) => std::future::pending().await,
                Fault::LoseAnswer(_) => *state.fault.lock().unwrap() = Fault::None,
                Fault::None | Fault::Cut(_) => {}
            }
            return;
        }
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}
