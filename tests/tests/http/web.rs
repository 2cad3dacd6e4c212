//! A server that listens.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use oosync_runtime::protocol::Next;
use oosync_runtime::server::Engine;
use oosync_runtime::server::http::{HttpOptions, ServeOptions};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::client::{self, Answer};
use super::support::{Server, user};

pub(crate) struct Web {
    pub(crate) server: Server,
    pub(crate) engine: Engine,
    pub(crate) address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    task: Option<tokio::task::JoinHandle<()>>,
}

impl Web {
    pub(crate) fn todo() -> Self {
        Self::with(HttpOptions::default())
    }

    pub(crate) fn with(options: HttpOptions) -> Self {
        let server = Server::todo();
        let engine = server.engine.clone();
        Self::over(server, engine, options, ServeOptions::default())
    }

    pub(crate) fn over(server: Server, engine: Engine, http: HttpOptions, options: ServeOptions) -> Self {
        let listener = server.wait(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let serving = engine.clone();
        let task = server.runtime.spawn(async move {
            let stopped = async { drop(stopped.await) };
            serving.serve(listener, http, options, stopped).await.unwrap();
        });
        Self { server, engine, address, stop: Some(stop), task: Some(task) }
    }

    /// Stops the server, as SIGTERM does; ends when it has ended.
    pub(crate) fn stop(&mut self) {
        drop(self.stop.take());
        if let Some(task) = self.task.take() {
            self.server.wait(task).unwrap();
        }
    }

    /// Lets it stop, and does not wait.
    pub(crate) fn begin_to_stop(&mut self) {
        drop(self.stop.take());
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        client::send(self.address, "GET", path, &[], b"")
    }

    /// As a user.
    pub(crate) fn post(&self, number: usize, path: &str, body: &Value) -> Answer {
        self.post_with(number, path, &[], body)
    }

    pub(crate) fn post_with(
        &self,
        number: usize,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Answer {
        let user = user(number);
        let mut all = vec![("x-user", user.as_str()), ("content-type", "application/json")];
        all.extend_from_slice(headers);
        client::send(self.address, "POST", path, &all, body.to_string().as_bytes())
    }

    pub(crate) fn hash(&self) -> &'static str {
        self.engine.schema().hash
    }

    /// A device that has loaded everything.
    pub(crate) fn device(&self, number: usize) -> Device {
        let answer = self.post(number, "/register", &json!({"schema_hash": self.hash()}));
        let client = answer.json()["client"].as_str().unwrap().to_owned();
        let mut device = Device { number, client, hash: self.hash(), cursor: String::new() };
        let mut resume = None;
        loop {
            let mut request = json!({"client": device.client, "schema_hash": self.hash(), "limit": 1000});
            if let Some(resume) = resume {
                request["resume"] = json!(resume);
            }
            let page = self.post(number, "/snapshot", &request).json();
            match serde_json::from_value(page).unwrap() {
                Next::Resume(token) => resume = Some(token),
                Next::Cursor(cursor) => break device.cursor = cursor,
            }
        }
        device
    }

    pub(crate) fn execute(&self, sql: &str) {
        self.server.database.execute(sql);
    }

    /// Waits until so many pulls wait.
    #[track_caller]
    pub(crate) fn until_waiting(&self, number: usize) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while self.engine.waiting() != number {
            assert!(Instant::now() < deadline, "{} pulls wait, not {number}", self.engine.waiting());
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        self.begin_to_stop();
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Device {
    pub(crate) number: usize,
    pub(crate) client: String,
    pub(crate) hash: &'static str,
    pub(crate) cursor: String,
}

impl Device {
    pub(crate) fn request(&self) -> Value {
        json!({"client": self.client, "schema_hash": self.hash, "cursor": self.cursor})
    }

    pub(crate) fn waiting(&self, seconds: f64) -> Value {
        let mut request = self.request();
        request["wait"] = json!(seconds);
        request
    }
}
