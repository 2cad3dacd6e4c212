//! The engine behind HTTP, on threads of its own: it can be ended in the middle of anything, and another one begun.

use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use oosync_runtime::protocol::{ErrorBody, ErrorCode, MEDIA_TYPE, Reply, SnapshotRequired};
use oosync_runtime::server::auth::Header;
use oosync_runtime::server::http::{HttpOptions, ServeOptions};
use oosync_runtime::server::{Engine, Error};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::runtime::Runtime;

use super::client::{self, Answer};
use super::support::{Server, pool};

pub(crate) struct Served(Mutex<(SocketAddr, Option<Runtime>)>);

impl Served {
    pub(crate) fn start(server: &Server) -> Self {
        let (address, runtime) = begin(server);
        Self(Mutex::new((address, Some(runtime))))
    }

    /// Another server takes the place of this one, which ends in the middle of what it does.
    pub(crate) fn restart(&self, server: &Server) {
        let (address, runtime) = begin(server);
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *now, (address, Some(runtime))).1;
        drop(now);
        if let Some(before) = before {
            before.shutdown_background();
        }
    }

    pub(crate) fn json<Q: Serialize, A: DeserializeOwned>(
        &self,
        place: &str,
        user: &str,
        request: &Q,
    ) -> Result<A, Error> {
        let answer = self.post(place, user, "application/json", request)?;
        if !answer.whole {
            return Err(gone());
        }
        Ok(serde_json::from_slice(&answer.decoded()).unwrap())
    }

    /// The frames that came; they may be cut off.
    pub(crate) fn frames<Q: Serialize>(
        &self,
        place: &str,
        user: &str,
        request: &Q,
    ) -> Result<Reply<Vec<u8>>, Error> {
        let answer = self.post(place, user, MEDIA_TYPE, request)?;
        if answer.header("content-type") == Some(MEDIA_TYPE) {
            return Ok(Reply::Given(answer.body));
        }
        #[derive(serde::Deserialize)]
        struct Required {
            snapshot_required: SnapshotRequired,
        }
        if !answer.whole {
            return Err(gone());
        }
        let required: Required = serde_json::from_slice(&answer.decoded()).unwrap();
        Ok(Reply::SnapshotRequired(required.snapshot_required))
    }

    fn post<Q: Serialize>(
        &self,
        place: &str,
        user: &str,
        accept: &str,
        request: &Q,
    ) -> Result<Answer, Error> {
        let address = self.0.lock().unwrap_or_else(PoisonError::into_inner).0;
        let headers = [("x-user", user), ("accept", accept), ("content-type", "application/json")];
        let body = serde_json::to_vec(request).unwrap();
        let bytes = client::request("POST", &format!("/{place}"), &headers, &body);
        let Ok(mut stream) = TcpStream::connect(address) else { return Err(gone()) };
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        if stream.write_all(&bytes).is_err() {
            return Err(gone());
        }
        let all = client::read_all(&mut stream);
        if !all.windows(4).any(|four| four == b"\r\n\r\n") {
            return Err(gone());
        }
        let answer = client::parse(&all);
        if answer.status == 200 {
            return Ok(answer);
        }
        if !answer.whole {
            return Err(gone());
        }
        let error: ErrorBody = serde_json::from_slice(&answer.decoded()).unwrap();
        Err(Error::new(error.code, error.message))
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let runtime = self.0.get_mut().unwrap_or_else(PoisonError::into_inner).1.take();
        if let Some(runtime) = runtime {
            runtime.shutdown_background();
        }
    }
}

fn gone() -> Error {
    Error::new(ErrorCode::Unavailable, "the server has ended")
}

fn begin(server: &Server) -> (SocketAddr, Runtime) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let address = runtime.block_on(async {
        let mut failures = 0;
        let engine = loop {
            let header = Header::trusting("x-user".parse().unwrap());
            let builder = Engine::builder(pool(&server.database), server.engine.schema(), header);
            match builder.build().await {
                Ok(engine) => break engine,
                // Its connection was ended meanwhile.
                Err(error) if failures == 20 => panic!("{error}"),
                Err(_) => failures += 1,
            }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let never = std::future::pending::<()>();
            engine.serve(listener, HttpOptions::default(), ServeOptions::default(), never).await
        });
        address
    });
    (address, runtime)
}
