//! The routes.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, header};
use axum::middleware;
use axum::response::Response;
use axum::routing::{get, post};
use serde::de::DeserializeOwned;
use serde_json::json;
use tower_http::cors::{AllowOrigin, Any, CorsLayer};
use tracing::Instrument as _;

use super::coding::Coding;
use super::observe::{self, Observed, Peer};
use super::rate::{self, Limiter};
use super::receive::{self, Received};
use super::{HttpOptions, Origins, describe, openapi, reply, request_id};
use crate::protocol::{
    APP_VERSION, Digest, ErrorCode, MEDIA_TYPE, Pull, Push, Ranges, Register, Reply, Snapshot,
};
use crate::server::auth::{Identity, RequestParts};
use crate::server::{Engine, Error, metrics, session};

/// How long one answer to `/health/ready` holds: those who ask more often do not ask Postgres.
const READY: Duration = Duration::from_secs(1);

/// How long Postgres may take to say that it is there.
const PATIENCE: Duration = Duration::from_secs(3);

/// What every route has at hand.
#[derive(Clone)]
pub(super) struct Http(Arc<Inner>);

pub(super) struct Inner {
    pub(super) engine: Engine,
    pub(super) options: HttpOptions,
    users: Option<Limiter>,
    peers: Option<Limiter>,
    tables: String,
    openapi: String,
    ready: Mutex<Option<(Instant, bool)>>,
}

impl std::ops::Deref for Http {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

type Answer = Result<Response, Error>;

impl Engine {
    /// The routes of the server, with the default options.
    pub fn router(&self) -> Router {
        self.router_with(HttpOptions::default())
    }

    /// The routes of the server. They may be nested in others, behind a prefix.
    ///
    /// It finds the other end of a connection in an extension of the request, [`Peer`]; [`serve`](Engine::serve) puts it
    /// there.
    pub fn router_with(&self, options: HttpOptions) -> Router {
        let cors = cors(&options.origins);
        let http = Http(Arc::new(Inner {
            engine: self.clone(),
            users: options.user_rate.map(Limiter::new),
            peers: options.peer_rate.map(Limiter::new),
            tables: describe::tables(&self.shared).to_string(),
            openapi: openapi::document(&self.shared).to_string(),
            options,
            ready: Mutex::default(),
        }));
        let mut router = Router::new()
            .route("/register", post(register))
            .route("/pull", post(pull))
            .route("/push", post(push))
            .route("/snapshot", post(snapshot))
            .route("/digest", post(digest))
            .route("/ranges", post(ranges))
            .route("/schema", get(schema))
            .route("/tables", get(tables))
            .route("/openapi.json", get(openapi_json))
            .route("/health", get(ready))
            .route("/health/ready", get(ready))
            .route("/health/live", get(live));
        if http.options.metrics {
            router = router.route("/metrics", get(metrics));
        }
        let router = router
            .method_not_allowed_fallback(wrong_method)
            .fallback(not_found)
            .with_state(http.clone())
            .layer(middleware::from_fn_with_state(http, observe::observe));
        match cors {
            Some(cors) => router.layer(cors),
            None => router,
        }
    }
}

fn cors(origins: &Origins) -> Option<CorsLayer> {
    let origins = match origins {
        Origins::Own => return None,
        Origins::List(list) => AllowOrigin::list(list.iter().cloned()),
        Origins::Any => AllowOrigin::from(Any),
    };
    let headers = [
        header::AUTHORIZATION,
        header::ACCEPT,
        header::CONTENT_TYPE,
        header::CONTENT_ENCODING,
        request_id::HEADER,
        HeaderName::from_static(APP_VERSION),
    ];
    let shown = [header::RETRY_AFTER, header::WWW_AUTHENTICATE, request_id::HEADER];
    Some(
        CorsLayer::new()
            .allow_origin(origins)
            .allow_methods([Method::GET, Method::POST])
            .allow_headers(headers)
            .expose_headers(shown)
            .max_age(Duration::from_secs(3600)),
    )
}

async fn register(State(http): State<Http>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    http.answer("register", &head, async |seen| {
        let (identity, request) = http.receive::<Register>(&head, body, seen).await?;
        let said = request.app_version.as_deref().or_else(|| app_version(&head.headers));
        http.engine.check_app_version(said)?;
        reply::json(Coding::accepted(&head.headers), &http.engine.register(&identity, &request).await?)
    })
    .await
}

async fn pull(State(http): State<Http>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    http.answer("pull", &head, async |seen| {
        let (identity, request) = http.receive::<Pull>(&head, body, seen).await?;
        http.engine.check_app_version(app_version(&head.headers))?;
        if request.wait.is_some_and(|wait| !wait.is_zero()) {
            seen.route = "wait";
        }
        let coding = Coding::accepted(&head.headers);
        if !wants_frames(&head.headers) {
            return reply::json(coding, &http.engine.pull(&identity, &request).await?);
        }
        match http.engine.pull_frames(&identity, &request).await? {
            Reply::Given(body) => reply::frames(coding, body),
            Reply::SnapshotRequired(required) => {
                reply::json(coding, &Reply::<()>::SnapshotRequired(required))
            }
        }
    })
    .await
}

async fn push(State(http): State<Http>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    http.answer("push", &head, async |seen| {
        let (identity, request) = http.receive::<Push>(&head, body, seen).await?;
        http.engine.check_app_version(app_version(&head.headers))?;
        // On a task of its own, which goes on where the client hangs up: sent again, the push finds its answers. It would
        // otherwise begin anew each time, and never get through where connections are shorter than it takes.
        let engine = http.engine.clone();
        let work = async move {
            let pushed = engine.push(&identity, &request).await?;
            engine.shared.metrics.pushed(&pushed);
            Ok::<_, Error>(pushed)
        };
        let pushed = tokio::spawn(work.in_current_span()).await;
        let pushed =
            pushed.map_err(|error| Error::internal(format!("the task of a push ended: {error}")))??;
        reply::json(Coding::accepted(&head.headers), &pushed)
    })
    .await
}

async fn snapshot(State(http): State<Http>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    http.answer("snapshot", &head, async |seen| {
        let (identity, request) = http.receive::<Snapshot>(&head, body, seen).await?;
        http.engine.check_app_version(app_version(&head.headers))?;
        let coding = Coding::accepted(&head.headers);
        if !wants_frames(&head.headers) {
            return reply::json(coding, &http.engine.snapshot(&identity, &request).await?);
        }
        match http.engine.snapshot_frames(&identity, &request).await? {
            Reply::Given(body) => reply::frames(coding, body),
            Reply::SnapshotRequired(required) => {
                reply::json(coding, &Reply::<()>::SnapshotRequired(required))
            }
        }
    })
    .await
}

async fn digest(State(http): State<Http>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    http.answer("digest", &head, async |seen| {
        let (identity, request) = http.receive::<Digest>(&head, body, seen).await?;
        http.engine.check_app_version(app_version(&head.headers))?;
        reply::json(Coding::accepted(&head.headers), &http.engine.digest(&identity, &request).await?)
    })
    .await
}

async fn ranges(State(http): State<Http>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    http.answer("ranges", &head, async |seen| {
        let (identity, request) = http.receive::<Ranges>(&head, body, seen).await?;
        http.engine.check_app_version(app_version(&head.headers))?;
        reply::json(Coding::accepted(&head.headers), &http.engine.ranges(&identity, &request).await?)
    })
    .await
}

async fn schema(State(http): State<Http>, request: Request) -> Response {
    let (head, _) = request.into_parts();
    http.answer("schema", &head, async |seen| {
        http.may_read(&head, seen).await?;
        reply::json(Coding::accepted(&head.headers), &describe::schema(&http.engine.shared))
    })
    .await
}

async fn tables(State(http): State<Http>, request: Request) -> Response {
    let (head, _) = request.into_parts();
    http.answer("tables", &head, async |seen| {
        http.may_read(&head, seen).await?;
        reply::text(Coding::accepted(&head.headers), "application/json", http.tables.clone())
    })
    .await
}

async fn openapi_json(State(http): State<Http>, request: Request) -> Response {
    let (head, _) = request.into_parts();
    http.answer("openapi", &head, async |seen| {
        http.may_read(&head, seen).await?;
        reply::text(Coding::accepted(&head.headers), "application/json", http.openapi.clone())
    })
    .await
}

async fn live(State(http): State<Http>, request: Request) -> Response {
    let (head, _) = request.into_parts();
    http.answer("health", &head, async |_| reply::json(Coding::Identity, &json!({"status": "ok"}))).await
}

async fn ready(State(http): State<Http>, request: Request) -> Response {
    let (head, _) = request.into_parts();
    http.answer("health", &head, async |_| {
        if http.engine.is_stopping() {
            return Err(Error::unavailable("the server is stopping", "asked whether it is ready"));
        }
        if !http.is_ready().await {
            return Err(Error::unavailable("the database does not answer", "asked whether it is ready"));
        }
        reply::json(Coding::Identity, &json!({"status": "ok"}))
    })
    .await
}

async fn metrics(State(http): State<Http>, request: Request) -> Response {
    let (head, _) = request.into_parts();
    http.answer("metrics", &head, async |_| {
        let pool = http.engine.shared.pool.status();
        let text = http.engine.shared.metrics.text(metrics::Gauges {
            waiters: http.engine.waiting(),
            pool_size: pool.size,
            pool_idle: pool.available,
            pool_most: pool.max_size,
            pool_waiting: pool.waiting,
        });
        reply::text(Coding::accepted(&head.headers), metrics::MEDIA_TYPE, text)
    })
    .await
}

async fn not_found() -> Response {
    reply::error(Error::new(ErrorCode::NotFound, "there is no such place on this server"))
}

/// axum says in `Allow` which methods there are.
async fn wrong_method() -> Response {
    let mut response =
        reply::error(Error::new(ErrorCode::BadRequest, "this place does not take the method of the request"));
    *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    response
}

/// What a request says of the app that sends it.
fn app_version(headers: &HeaderMap) -> Option<&str> {
    headers.get(APP_VERSION)?.to_str().ok()
}

/// Whether the client asks for frames: by their name, not by `*/*`.
fn wants_frames(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|item| {
        let mut parts = item.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(MEDIA_TYPE));
        named && !parts.any(|parameter| matches!(parameter, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
    })
}

impl Http {
    /// The answer of a route, whatever comes of it.
    async fn answer(
        &self,
        route: &'static str,
        head: &Parts,
        made: impl AsyncFnOnce(&mut Observed) -> Answer,
    ) -> Response {
        let mut seen = Observed { route, user: None, received: 0 };
        let answer = match self.check_peer(head) {
            Ok(()) => made(&mut seen).await,
            Err(error) => Err(error),
        };
        let mut response = answer.unwrap_or_else(reply::error);
        response.extensions_mut().insert(seen);
        response
    }

    /// Who asks, and what.
    async fn receive<T: DeserializeOwned>(
        &self,
        head: &Parts,
        body: Body,
        seen: &mut Observed,
    ) -> Result<(Identity, T), Error> {
        let identity = self.identity(head, seen).await?;
        let most = self.engine.limits().max_body;
        let Received { message, bytes } =
            receive::message(head, body, most, self.options.body_timeout).await?;
        seen.received = bytes;
        Ok((identity, message))
    }

    async fn identity(&self, head: &Parts, seen: &mut Observed) -> Result<Identity, Error> {
        let peer = head.extensions.get::<Peer>().map(|peer| peer.0);
        let identity = self.engine.authenticate(RequestParts::new(&head.headers, peer)).await?;
        seen.user = Some(identity.user().to_owned());
        if let Some(users) = &self.users {
            users.take(identity.user(), Instant::now()).map_err(too_many)?;
        }
        Ok(identity)
    }

    /// Of what describes the server.
    async fn may_read(&self, head: &Parts, seen: &mut Observed) -> Result<(), Error> {
        if self.options.describe_to_users_only {
            self.identity(head, seen).await?;
        }
        Ok(())
    }

    fn check_peer(&self, head: &Parts) -> Result<(), Error> {
        let (Some(peers), Some(address)) = (&self.peers, self.peer(head)) else { return Ok(()) };
        peers.take(&rate::whose(address), Instant::now()).map_err(too_many)
    }

    /// Where a request comes from.
    fn peer(&self, head: &Parts) -> Option<IpAddr> {
        let connected = head.extensions.get::<Peer>().map(|peer| peer.0.ip());
        let Some(name) = &self.options.peer_header else { return connected };
        // What stands before the last address, the client may have written.
        let said = head.headers.get_all(name).iter().next_back().and_then(|value| value.to_str().ok());
        let last = said.and_then(|value| value.rsplit(',').next()?.trim().parse().ok());
        last.or(connected)
    }

    async fn is_ready(&self) -> bool {
        let lock = || self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, ready)) = *lock()
            && at.elapsed() < READY
        {
            return ready;
        }
        let asked = async {
            let connection = session::connection(&self.engine.shared.pool).await?;
            connection.query_typed_one("select 1", &[]).await?;
            Ok::<(), Error>(())
        };
        let ready = matches!(tokio::time::timeout(PATIENCE, asked).await, Ok(Ok(())));
        *lock() = Some((Instant::now(), ready));
        ready
    }
}

fn too_many(after: Duration) -> Error {
    Error::new(ErrorCode::TooManyRequests, "too many requests: wait a while").with_retry(after)
}
