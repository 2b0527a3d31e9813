//! Streams of events that are open: how many, and how one goes out.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum::body::HttpBody;
use hyper::body::{Bytes, Frame};
use tokio::sync::mpsc;

use crate::error::{ErrorCode, Fault};
use crate::units::Id;

/// Streams of one principal: its pages and programs.
const OF_PRINCIPAL_MAX: usize = 8;
/// Streams of one process.
const OF_PROCESS_MAX: usize = 512;

/// How many streams are open, by principal.
#[derive(Clone, Debug, Default)]
pub struct Streams(Arc<Mutex<BTreeMap<Id, usize>>>);

/// One open stream; it counts for as long as this lives.
pub(super) struct Place {
    streams: Streams,
    principal_id: Id,
}

impl Streams {
    /// Takes a place.
    ///
    /// # Errors
    /// `too_many` where the principal has enough, `store_busy` where the process has.
    pub(super) fn enter(&self, principal_id: &Id) -> Result<Place, Fault> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let own = open.get(principal_id).copied().unwrap_or(0);
        if own >= OF_PRINCIPAL_MAX {
            return Err(Fault::new(
                ErrorCode::TooMany,
                "",
                format!("{own} streams of this principal are open"),
                "close one, or share one among what needs it",
            ));
        }
        if open.values().sum::<usize>() >= OF_PROCESS_MAX {
            return Err(Fault::new(
                ErrorCode::StoreBusy,
                "",
                format!("{OF_PROCESS_MAX} streams are open on this host"),
                "ask again after a moment, or poll",
            ));
        }
        open.insert(principal_id.clone(), own + 1);
        Ok(Place { streams: self.clone(), principal_id: principal_id.clone() })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.streams.0.lock().unwrap_or_else(PoisonError::into_inner);
        let own = open.get(&self.principal_id).copied().unwrap_or(0);
        if own > 1 {
            open.insert(self.principal_id.clone(), own - 1);
        } else {
            open.remove(&self.principal_id);
        }
    }
}

/// A body that is written while it is sent; it ends, whole, where its writer does.
pub(super) struct StreamBody(pub(super) mpsc::Receiver<Bytes>);

impl HttpBody for StreamBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(context).map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
    }
}
