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
pub(in crate::ports::archive) enum ProxyFault {
    None,
    /// A connection breaks after so many bytes of answers.
    Cut(usize),
    /// A connection falls silent after so many bytes of answers.
    Silence(usize),
    /// The answer to an upload's completion breaks its connection instead; asked again, the server
    /// has forgotten the upload.
    LoseCompletion,
}

/// What is in the request that completes an upload.
const COMPLETION_ELEMENT: &str = "<CompleteMultipartUpload";
const NO_SUCH_UPLOAD_BODY: &str =
    "<Error><Code>NoSuchUpload</Code><Message>forgotten</Message></Error>";

#[derive(Debug)]
pub(in crate::ports::archive) struct FaultProxy {
    address: SocketAddr,
    accepting: JoinHandle<()>,
    state: Arc<ProxyState>,
}

#[derive(Debug)]
struct ProxyState {
    target: String,
    fault: Mutex<ProxyFault>,
    faults: AtomicUsize,
}

impl FaultProxy {
    /// A door at `address` to the server at `endpoint`; port 0 takes a free one.
    pub(in crate::ports::archive) async fn open(address: &str, endpoint: &str) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let target = endpoint.trim_start_matches("http://").trim_end_matches('/');
        let state = Arc::new(ProxyState {
            target: target.to_owned(),
            fault: Mutex::new(ProxyFault::None),
            faults: AtomicUsize::new(0),
        });
        Self {
            address: listener.local_addr().unwrap(),
            accepting: tokio::spawn(accept(listener, Arc::clone(&state))),
            state,
        }
    }

    pub(in crate::ports::archive) fn address(&self) -> String {
        self.address.to_string()
    }

    pub(in crate::ports::archive) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(in crate::ports::archive) fn set(&self, fault: ProxyFault) {
        *self.state.fault.lock().unwrap() = fault;
    }

    /// How often a fault has struck.
    pub(in crate::ports::archive) fn faults(&self) -> usize {
        self.state.faults.load(SeqCst)
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, state: Arc<ProxyState>) {
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let (client, _) = listener.accept().await.unwrap();
        connections.spawn(carry(client, Arc::clone(&state)));
    }
}

/// Whatever ends first ends both ways.
async fn carry(client: TcpStream, state: Arc<ProxyState>) {
    let Ok(server) = TcpStream::connect(&state.target).await else {
        return;
    };
    let (from_client, mut to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let losing = AtomicBool::new(false);
    let forgotten = tokio::select! {
        forgotten = requests(from_client, to_server, &state, &losing) => forgotten,
        () = answers(from_server, &mut to_client, &state, &losing) => false,
    };
    if forgotten {
        let length = NO_SUCH_UPLOAD_BODY.len();
        let head =
            format!("HTTP/1.1 404 Not Found\r\ncontent-length: {length}\r\nconnection: close");
        let answer = format!("{head}\r\n\r\n{NO_SUCH_UPLOAD_BODY}");
        to_client.write_all(answer.as_bytes()).await.unwrap();
    }
}

/// Ends with `true` at a request that the server has to have forgotten.
async fn requests(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    state: &ProxyState,
    losing: &AtomicBool,
) -> bool {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let completes = String::from_utf8_lossy(&buffer[..length]).contains(COMPLETION_ELEMENT);
        if completes && *state.fault.lock().unwrap() == ProxyFault::LoseCompletion {
            if state.faults.load(SeqCst) > 0 {
                return true;
            }
            losing.store(true, SeqCst);
        }
        if to.write_all(&buffer[..length]).await.is_err() {
            break;
        }
    }
    false
}

async fn answers(
    mut from: OwnedReadHalf,
    to: &mut OwnedWriteHalf,
    state: &ProxyState,
    losing: &AtomicBool,
) {
    let mut buffer = vec![0; 64 * 1024];
    let mut passed = 0;
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        passed += length;
        let fault = *state.fault.lock().unwrap();
        let strikes = match fault {
            ProxyFault::None => false,
            ProxyFault::Cut(after) | ProxyFault::Silence(after) => passed > after,
            ProxyFault::LoseCompletion => losing.load(SeqCst),
        };
        if strikes {
            state.faults.fetch_add(1, SeqCst);
            if matches!(fault, ProxyFault::Silence(_)) {
                std::future::pending::<()>().await;
            }
            return;
        }
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}
