//! `kith claim` and `kith forget`: what is asked of the ledger.
//!
//! The request is left in the database; the service that runs answers it, wherever it runs, or
//! this command itself, where none does.

use std::path::Path;

use anyhow::{Context, Result};
use kith_config::{Did, Mode};
use kith_store::{
    Access, RequestState, Store, Table, Value,
    batch::{Answer, Request, RequestKind},
};

use crate::{
    ask,
    cli::{ClaimArgs, ForgetArgs, Format, Output, Patience},
    exit::InputError,
    output, requests,
    service::now,
};

/// Claims bundles.
pub(super) async fn claim(path: &Path, args: ClaimArgs) -> Result<()> {
    let config = super::load(path, Mode::Offline)?;
    let store = Store::open(&config.database, Access::Read).await?;
    let sender = match &args.from {
        Some(sender) => Some(ask::did_of(&store, "from", sender).await?),
        None => None,
    };
    let request = Request {
        kind: RequestKind::Claim,
        did: ask::did_of(&store, "ACCOUNT", &args.account).await?,
        sender,
        entry: args.entry,
    };
    run(&config, store, &request, &args.patience, &args.output).await
}

/// Forgets an account, or lets it in again.
pub(super) async fn forget(path: &Path, args: ForgetArgs) -> Result<()> {
    let config = super::load(path, Mode::Offline)?;
    let store = Store::open(&config.database, Access::Read).await?;
    let request = Request {
        kind: match args.undo {
            true => RequestKind::Remember,
            false => RequestKind::Forget,
        },
        did: did(&args.did)?,
        sender: None,
        entry: None,
    };
    run(&config, store, &request, &args.patience, &args.output).await
}

/// A DID as it is given.
fn did(text: &str) -> Result<String, InputError> {
    let did = text.parse::<Did>().map_err(|error| {
        InputError(format!(
            "{text:?}: {error}\n  help: write the account's DID, as in did:plc:…; `kith explain \
             HANDLE` shows it"
        ))
    });
    did.map(|did| did.as_str().to_owned())
}

async fn run(
    config: &kith_config::Config,
    store: Store,
    request: &Request,
    patience: &Patience,
    output: &Output,
) -> Result<()> {
    let earlier = store.waiting_requests(requests::REQUESTS_MAX).await?;
    let id = store.ask(request, now()).await?;
    let (store, state) = match patience.time() {
        Some(time) => requests::answered(store, config, id, time).await?,
        None => (store, None),
    };
    let is_answered = state.is_some();
    let state = match state {
        Some(state) => state,
        None => (store.request(id).await?).context("the request is gone from the database")?,
    };
    if is_answered {
        for row in earlier {
            note_answer(&store, row.id).await?;
        }
    }
    store.close().await;
    output::as_far_as_read(match output.format() {
        Format::Json => output::json(&state),
        Format::Csv => output::table(&flat(&state), Format::Csv),
        Format::Table => match words(&state) {
            Some(words) => output::people(&format!("{words}\n")),
            None => Ok(()),
        },
    })?;
    match state.answer.as_deref().and_then(Answer::parse) {
        Some(Answer::Done | Answer::Partly) => Ok(()),
        Some(answer) => Err(InputError(refusal(answer, &state)).into()),
        None if is_answered || patience.time().is_none() => Ok(()),
        None => anyhow::bail!(
            "the service has not answered in time\n  help: the request waits, and will be taken; \
             `kith status` says whether the service runs well"
        ),
    }
}

/// What became of a request that was left earlier and has been answered meanwhile, with this one.
async fn note_answer(store: &Store, id: u64) -> Result<()> {
    let state = store.request(id).await?;
    let Some(state) = state.filter(|state| state.answer.is_some()) else {
        return Ok(());
    };
    let said = match (
        words(&state),
        state.answer.as_deref().and_then(Answer::parse),
    ) {
        (Some(words), _) => words,
        (None, Some(answer)) => refusal(answer, &state),
        (None, None) => return Ok(()),
    };
    output::note(&format!("note: request {id}: {said}"));
    Ok(())
}

/// What was done, for people; None: nothing.
fn words(state: &RequestState) -> Option<String> {
    let points = output::thousands(state.points.unwrap_or(0));
    let operations = state.operations.unwrap_or(0);
    let bundles = match operations {
        1 => "1 bundle".to_owned(),
        n => format!("{} bundles", output::thousands(n)),
    };
    let answer = state.answer.as_deref().and_then(Answer::parse);
    Some(match (state.kind.as_str(), answer) {
        (_, None) => format!("request {} waits for the service", state.id),
        ("claim", Some(Answer::Done)) => {
            format!("{} claimed {bundles}, {points} points", state.did)
        }
        ("claim", Some(Answer::Partly)) => format!(
            "{} claimed {bundles}, {points} points; more wait: claim again",
            state.did
        ),
        ("forget", Some(Answer::Done)) => {
            format!(
                "{} is forgotten, with {points} points that it had been given",
                state.did
            )
        }
        ("remember", Some(Answer::Done)) => format!("{} may be met again", state.did),
        _ => return None,
    })
}

/// Why not, and what to do.
pub(crate) fn refusal(answer: Answer, state: &RequestState) -> String {
    let did = &state.did;
    match answer {
        Answer::Done | Answer::Partly => String::new(),
        Answer::UnknownAccount if state.kind == "claim" => format!(
            "{did} never took part in the ledger, so nothing waits for it\n  help: `kith report \
             unclaimed` shows what waits for whom"
        ),
        Answer::UnknownAccount => format!(
            "nothing is known of {did}\n  help: write it into circle.skip to keep it out beforehand"
        ),
        Answer::NothingWaits => {
            let sender = state.sender.as_ref();
            let whose = sender
                .map(|sender| format!(" of {sender}"))
                .unwrap_or_default();
            format!(
                "nothing{whose} waits for {did}\n  help: `kith report unclaimed` shows what waits \
                 for whom; bundles expire"
            )
        }
        Answer::NoSuchEntry => format!(
            "no such bundle waits for {did}\n  help: `kith report unclaimed` shows them; places \
             move up as bundles expire or are claimed"
        ),
        Answer::Tracked => {
            format!("{did} is tracked\n  help: `kith track remove` it first, and ask again")
        }
        Answer::AlreadyForgotten => format!("{did} is forgotten already"),
        Answer::NotForgotten => format!("{did} was not forgotten"),
        Answer::Refused => format!("the ledger refused it for {did}; the journal says why"),
    }
}

fn flat(state: &RequestState) -> Table {
    let text = |text: &Option<String>| text.clone().map_or(Value::Null, Value::Text);
    let int = |n: Option<i64>| n.map_or(Value::Null, Value::Int);
    let row = vec![
        Value::Int(state.id),
        Value::Text(state.kind.clone()),
        Value::Text(state.did.clone()),
        text(&state.sender),
        int(state.entry),
        text(&state.answer),
        int(state.operations),
        int(state.position),
        int(state.points),
    ];
    let columns = [
        "id",
        "kind",
        "did",
        "sender",
        "entry",
        "answer",
        "operations",
        "position",
        "points",
    ];
    Table {
        columns: columns.map(str::to_owned).into(),
        rows: vec![row],
    }
}
