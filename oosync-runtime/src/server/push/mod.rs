//! `push`: what was written on a device, applied once.
//!
//! All of it is one transaction at `READ COMMITTED`: the mutations with the rights of the user, the books with those of
//! the server. Rows are locked before anything is compared with them, so that no update is lost.
//!
//! - `books`: which mutations were answered before, and how
//! - `check`: what is refused by the schema alone
//! - `at_once`: new rows and changes, as long as nothing is met; all else:
//! - `units`, `apply`: in which order, and which together
//! - `aside`: rows that exchange unique values
//! - `record`, `sets`: many mutations as one statement, and fewer where it fails
//! - `meet`: what is there is compared; `insert`, `write`, `delete`: and written
//! - `decide`: conflicts; [`Resolver`]: in code
//! - `refuse`: errors of Postgres in words of the protocol
//! - `answers`: the rows that answers carry
//! - `hook`: [`PushHook`], code that takes part

mod answers;
mod apply;
mod aside;
mod at_once;
mod books;
mod check;
mod decide;
mod delete;
mod hook;
mod insert;
mod meet;
mod record;
mod refuse;
mod resolver;
mod sets;
mod units;
mod write;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::try_join;
use serde::Serialize;
use tokio_postgres::Transaction;
use tokio_postgres::error::SqlState;

use self::apply::{Applier, Outcome, Settled, Shown, State};
use self::books::Opened;
use self::check::{check, refusal};
use self::decide::Judge;
pub use self::hook::{Hooking, PushHook, Pushed, Refusal, Written};
use self::refuse::Failure;
pub use self::resolver::{Clash, Resolution, Resolver};
use self::units::{Sent, units};
use super::acknowledge::Acknowledged;
use super::auth::Identity;
use super::compatible::Shape;
use super::engine::Shared;
use super::error::passes;
use super::event::Event;
use super::session::{self, Mode, as_server, as_user};
use super::{Engine, Error};
use crate::protocol::{ErrorCode, Mutation, MutationResult, Op, Push, PushReply, ReasonCode, Status};
use crate::types::Timestamptz;

/// How often a push begins anew that met others in a deadlock.
const ATTEMPTS: usize = 3;

/// When a device tries again after that.
const RETRY: Duration = Duration::from_secs(1);

/// How conflicts are settled, and who takes part.
pub(super) struct PushRules {
    pub(super) skew: Duration,
    pub(super) resolver: Option<Arc<dyn Resolver>>,
    pub(super) hooks: Vec<Arc<dyn PushHook>>,
}

impl Default for PushRules {
    fn default() -> Self {
        // As `[sync] clock_skew` has it.
        Self { skew: Duration::from_secs(2), resolver: None, hooks: Vec::new() }
    }
}

/// Answers by the id of the mutation.
type Answers = BTreeMap<u64, MutationResult>;

/// What is applied.
struct Attempt<'m> {
    fresh: &'m [&'m Mutation],
    /// What a hook has refused.
    barred: &'m BTreeMap<u64, String>,
    /// Constraints are checked with every statement, whatever they say of themselves.
    strict: bool,
    /// All may go in at once.
    at_once: bool,
    /// The clock of the database.
    now: Timestamptz,
}

/// How an attempt to apply mutations ended.
enum Tried {
    Done(Answers),
    /// Something was met.
    NotAtOnce,
    /// A constraint that is checked at the end failed: it has to be known for which mutation.
    Deferred,
    /// A hook refused a mutation.
    Barred(u64, String),
    /// A hook refused all.
    Refused(String),
}

impl Engine {
    /// Applies what was written on a device, each mutation once.
    ///
    /// Mutations that met others in a deadlock are tried three times; then they are answered as
    /// [`RejectedRetryable`](Status::RejectedRetryable).
    ///
    /// # Errors
    ///
    /// [`ErrorCode::BadRequest`] for a push that is malformed, [`ErrorCode::TooLarge`] for one with too many mutations,
    /// [`ErrorCode::UnknownClient`], [`ErrorCode::ClientForked`], and for a schema that cannot be served; where Postgres
    /// does not answer. Nothing is applied then.
    pub async fn push(&self, identity: &Identity, push: &Push) -> Result<PushReply, Error> {
        if let Err(malformed) = push.check() {
            #[derive(Serialize)]
            struct Which {
                id: u64,
            }
            let error = Error::new(ErrorCode::BadRequest, malformed.to_string());
            return Err(error.with_details(&Which { id: malformed.id }));
        }
        let most = self.shared.limits.max_mutations;
        if push.mutations.len() > most as usize {
            let message = format!("{} mutations are more than {most}", push.mutations.len());
            return Err(Error::new(ErrorCode::TooLarge, message));
        }
        let shape = self.shared.shape(&push.schema_hash, identity).await?;
        let mut met = ReasonCode::Deadlock;
        for _ in 0..ATTEMPTS {
            match self.attempt(identity, push, &shape).await {
                Err(error) => match contention(&error) {
                    Some(reason) => met = reason,
                    None => return Err(error),
                },
                reply => return reply,
            }
        }
        let later = |mutation: &Mutation| MutationResult {
            retry_after: Some(RETRY),
            ..MutationResult::rejected(
                mutation.id,
                Status::RejectedRetryable,
                met.clone(),
                "others were writing the same rows",
            )
        };
        Ok(PushReply { results: push.mutations.iter().map(later).collect(), lease: Vec::new() })
    }

    async fn attempt(&self, identity: &Identity, push: &Push, shape: &Shape) -> Result<PushReply, Error> {
        let mut connection = session::connection(&self.shared.pool).await?;
        let transaction = session::start(&mut connection, Mode::ReadWrite).await?;
        let opened = books::open(&transaction, identity, push);
        let ((), opened) = try_join(session::set_up(&transaction, identity), opened).await?;
        let Opened { answered, now, known } = opened;
        let fresh: Vec<&Mutation> =
            push.mutations.iter().filter(|mutation| !answered.contains_key(&mutation.id)).collect();
        let mut answers = self.shared.apply(&transaction, identity, push, shape, (&fresh, now)).await?;
        let given = fresh.iter().filter_map(|mutation| Some((*mutation, answers.get(&mutation.id)?)));
        books::store(&transaction, push, given).await?;
        let lease = self.lease(&transaction, identity, &push.lease).await?;
        transaction.commit().await?;
        let heard = Acknowledged { client: push.client, through: push.acknowledged, known };
        tokio::spawn(heard.forget_later(connection, identity.clone()));
        for mutation in &fresh {
            let settled = answers.get(&mutation.id).filter(|result| result.status == Status::Conflict);
            if let Some(result) = settled {
                let (client, table) = (push.client, mutation.table.as_str());
                self.shared.observers.tell(Event::Conflict { identity, client, table, result });
            }
        }
        answers.extend(answered);
        let results = push.mutations.iter().filter_map(|mutation| answers.remove(&mutation.id)).collect();
        Ok(PushReply { results, lease })
    }
}

async fn begun(transaction: &Transaction<'_>, sql: &str) -> Result<(), Error> {
    Ok(transaction.batch_execute(sql).await?)
}

/// What transactions did to each other that may not happen again.
fn contention(error: &Error) -> Option<ReasonCode> {
    let code = error.postgres()?.code()?;
    [
        (SqlState::T_R_DEADLOCK_DETECTED, ReasonCode::Deadlock),
        (SqlState::T_R_SERIALIZATION_FAILURE, ReasonCode::SerializationFailure),
        (SqlState::LOCK_NOT_AVAILABLE, ReasonCode::LockTimeout),
        (SqlState::QUERY_CANCELED, ReasonCode::StatementTimeout),
    ]
    .into_iter()
    .find_map(|(state, reason)| (state == *code).then_some(reason))
}

impl Shared {
    /// Applies mutations that were not answered before; begins and ends as the server.
    async fn apply(
        &self,
        transaction: &Transaction<'_>,
        identity: &Identity,
        push: &Push,
        shape: &Shape,
        (fresh, now): (&[&Mutation], Timestamptz),
    ) -> Result<Answers, Error> {
        if fresh.is_empty() {
            return Ok(Answers::new());
        }
        let (mut barred, mut strict, mut at_once) = (BTreeMap::new(), false, true);
        loop {
            let sent = Attempt { fresh, barred: &barred, strict, at_once, now };
            let tried = self.try_once(transaction, identity, push, shape, sent).await?;
            if let Tried::Done(answers) = tried {
                return Ok(answers);
            }
            let undo = "rollback to savepoint oosync_push; release savepoint oosync_push";
            transaction.batch_execute(undo).await?;
            match tried {
                Tried::Deferred if strict => {
                    return Err(Error::internal("a constraint failed at the end and not before"));
                }
                Tried::Deferred => (strict, at_once) = (true, false),
                Tried::NotAtOnce => at_once = false,
                Tried::Barred(id, message) => {
                    let sent = fresh.iter().any(|mutation| mutation.id == id);
                    if !sent || barred.contains_key(&id) {
                        return Err(Error::internal(format!(
                            "a hook refused mutation {id}, which went not in"
                        )));
                    }
                    barred.insert(id, message);
                }
                Tried::Refused(message) => {
                    let refused = |mutation: &&Mutation| {
                        (mutation.id, refusal(mutation.id, ReasonCode::HookRejected, message.clone()))
                    };
                    return Ok(fresh.iter().map(refused).collect());
                }
                Tried::Done(_) => {}
            }
        }
    }

    async fn try_once(
        &self,
        transaction: &Transaction<'_>,
        identity: &Identity,
        push: &Push,
        shape: &Shape,
        Attempt { fresh, barred, strict, at_once, now }: Attempt<'_>,
    ) -> Result<Tried, Error> {
        let begin = match strict {
            true => "savepoint oosync_push; set constraints all immediate",
            false => "savepoint oosync_push",
        };
        try_join(begun(transaction, begin), as_user(transaction, identity)).await?;
        let mut answers = Answers::new();
        let mut applier = Applier {
            shared: self,
            transaction,
            identity,
            judge: Judge { now, skew: self.push_rules.skew, resolver: self.push_rules.resolver.as_deref() },
            items: Vec::new(),
            row_of: Vec::new(),
            state: State::default(),
            results: Vec::new(),
        };
        // Rows of which an insert or delete was refused at once, as the device names them.
        let mut refused: BTreeMap<(&str, String), u64> = BTreeMap::new();
        let mut failed_groups: BTreeMap<u64, u64> = BTreeMap::new();
        for mutation in fresh {
            let row = || (mutation.table.as_str(), serde_json::to_string(&mutation.key).unwrap_or_default());
            let checked = match barred.get(&mutation.id) {
                Some(message) => {
                    Err(Box::new(refusal(mutation.id, ReasonCode::HookRejected, message.clone())))
                }
                None => check(mutation, shape, &self.catalog, applier.items.last()),
            };
            let checked = match refused.get(&row()) {
                Some(failed) if checked.is_ok() => {
                    let message = format!("mutation {failed} of the same row was not applied");
                    Err(Box::new(refusal(mutation.id, ReasonCode::DependencyFailed, message)))
                }
                _ => checked,
            };
            match checked {
                Ok(item) => applier.items.push(item),
                Err(result) => {
                    if mutation.op != Op::Update {
                        refused.entry(row()).or_insert(mutation.id);
                    }
                    if let Some(group) = mutation.group {
                        failed_groups.entry(group).or_insert(mutation.id);
                    }
                    answers.insert(mutation.id, *result);
                }
            }
        }
        applier.results = vec![None; applier.items.len()];
        // What is refused may be the reason that others are.
        if at_once && answers.is_empty() && applier.may_go_at_once() {
            if !applier.at_once().await? {
                return Ok(Tried::NotAtOnce);
            }
        } else {
            applier.rows(&mut failed_groups).await?;
            applier.lock().await?;
            let sent: Vec<Sent> = applier
                .items
                .iter()
                .enumerate()
                .filter(|(place, _)| applier.results[*place].is_none())
                .map(|(place, item)| Sent { place, row: applier.row_of[place], group: item.mutation.group })
                .collect();
            applier.apply(units(&sent)).await?;
        }
        if !strict && !applier.at_end().await? {
            return Ok(Tried::Deferred);
        }
        applier.show().await?;
        as_server(transaction, identity).await?;
        for (item, settled) in applier.items.iter().zip(applier.results) {
            let settled = settled.ok_or_else(|| Error::internal("a mutation has no answer"))?;
            answers.insert(item.mutation.id, settled.result);
        }
        match self.call_hooks(transaction, identity, push, fresh, &answers).await {
            Ok(()) => Ok(Tried::Done(answers)),
            Err(Refusal::Push(message)) => Ok(Tried::Refused(message)),
            Err(Refusal::Mutation { id, message }) => Ok(Tried::Barred(id, message)),
            Err(Refusal::Later(detail)) => Err(Error::unavailable("the server cannot take this now", detail)),
        }
    }

    async fn call_hooks(
        &self,
        transaction: &Transaction<'_>,
        identity: &Identity,
        push: &Push,
        fresh: &[&Mutation],
        answers: &Answers,
    ) -> Result<(), Refusal> {
        let written: Vec<Written<'_>> = fresh
            .iter()
            .filter_map(|mutation| {
                let result = answers.get(&mutation.id)?;
                let went_in = matches!(result.status, Status::Applied | Status::Conflict);
                let table = self.schema.table(&mutation.table).filter(|_| went_in)?;
                Some(Written { mutation, table, result })
            })
            .collect();
        if written.is_empty() {
            return Ok(());
        }
        for hook in &self.push_rules.hooks {
            hook.on_push(Pushed { identity, client: push.client, transaction, written: &written }).await?;
        }
        Ok(())
    }
}

impl Applier<'_> {
    /// Finds which mutations are of the same row; those whose key is none are refused, and so are groups of which one is.
    async fn rows(&mut self, failed_groups: &mut BTreeMap<u64, u64>) -> Result<(), Error> {
        let mut tables: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (n, item) in self.items.iter().enumerate() {
            tables.entry(item.place).or_default().push(n);
        }
        let mut invalid = Vec::new();
        for (place, members) in tables {
            let (keys, outcomes) = self.keys(place, &members).await?;
            for (n, key) in keys {
                self.items[n].key = key;
            }
            invalid.extend(outcomes);
        }
        let mut numbers: BTreeMap<(usize, String), usize> = BTreeMap::new();
        for item in &self.items {
            let next = numbers.len();
            self.row_of.push(*numbers.entry((item.place, item.key.clone())).or_insert(next));
        }
        self.state.own = vec![Default::default(); numbers.len()];
        for (n, outcome) in invalid {
            let Outcome::Failed(failure) = outcome else { continue };
            if let Some(group) = self.items[n].mutation.group {
                failed_groups.entry(group).or_insert(self.items[n].mutation.id);
            }
            let result = failure.result;
            self.results[n] = Some(Settled { result, shown: Shown::No });
        }
        for n in 0..self.items.len() {
            let mutation = self.items[n].mutation;
            let failed = mutation.group.and_then(|group| failed_groups.get(&group).copied());
            let (Some(failed), None) = (failed, &self.results[n]) else { continue };
            let message = format!("mutation {failed} of the same group was not applied");
            let result = refusal(mutation.id, ReasonCode::GroupFailed, message);
            self.fail(n, Failure::new(MutationResult { failed_for: Some(failed), ..result }));
        }
        Ok(())
    }

    /// Checks the constraints that are checked when a transaction ends, now.
    async fn at_end(&self) -> Result<bool, Error> {
        match self.transaction.batch_execute("set constraints all immediate").await {
            Ok(()) => Ok(true),
            Err(error) if passes(&error) => Err(error.into()),
            Err(_) => Ok(false),
        }
    }
}
