//! JavaScript bindings: decode, call, encode. No decision of their own, and nothing at import.

mod decode;
mod encode;
#[cfg(target_arch = "wasm32")]
mod heap;
mod hot;
mod text;

#[cfg(target_arch = "wasm32")]
pub(crate) use decode::shortest_digits;

use std::cell::RefCell;

use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

use self::hot::Shared;
use crate::error::{ErrorCode, Fault};
use crate::gate::{self, Context, Gate};
use crate::policy::Policy;
use crate::read::Node;
use crate::request::Request;
use crate::units::TimestampMs;
use crate::verdict::{self, Verdict};

/// A policy that was read and checked once, ready to decide.
#[wasm_bindgen]
pub struct Engine {
    policy: Policy,
    /// Borrowed only while nothing of JavaScript can run.
    shared: RefCell<Shared>,
}

#[wasm_bindgen]
impl Engine {
    /// Reads a bundle.
    ///
    /// # Errors
    /// Throws with code `policy_rejected` and the path to the first fault.
    #[wasm_bindgen(constructor)]
    pub fn new(bundle: &JsValue) -> Result<Engine, JsValue> {
        let load = || Policy::load(&decode::json(bundle)?);
        load()
            .map(|policy| Self { shared: Shared::new(&policy), policy })
            .map_err(|fault| encode::error(&fault))
    }

    /// What the policy is called: `{id, version, hash}`.
    ///
    /// # Errors
    /// Throws if the runtime cannot build objects.
    pub fn policy(&self) -> Result<JsValue, JsValue> {
        encode::value(self.policy.reference())
    }

    /// Decides one request at an instant in milliseconds since 1970.
    ///
    /// # Errors
    /// Throws with a code, the path to the fault and what to do.
    pub fn evaluate(&self, request: &JsValue, now_ms: f64) -> Result<JsValue, JsValue> {
        let (_, verdict) = self.judge(request, now_ms).map_err(|fault| encode::error(&fault))?;
        encode::value(&verdict)
    }

    /// Decides one request, and gives the decision record too: `{verdict, record}`.
    ///
    /// # Errors
    /// As [`Engine::evaluate`].
    pub fn decide(&self, request: &JsValue, now_ms: f64) -> Result<JsValue, JsValue> {
        let (request, verdict) =
            self.judge(request, now_ms).map_err(|fault| encode::error(&fault))?;
        let record = verdict::record(&self.policy, &request, &verdict);
        encode::pair("verdict", &verdict, "record", &record)
    }

    /// Classifies one action, or a list of actions as one chain, at an instant in milliseconds since
    /// 1970.
    ///
    /// # Errors
    /// Throws with a code, the path to the fault and what to do.
    pub fn classify(
        &self,
        actions: &JsValue,
        context: &JsValue,
        now_ms: f64,
    ) -> Result<JsValue, JsValue> {
        let gate = self.gate(actions, context, now_ms).map_err(|fault| encode::error(&fault))?;
        encode::value(&gate)
    }
}

impl Engine {
    fn gate(&self, actions: &JsValue, context: &JsValue, now_ms: f64) -> Result<Gate, Fault> {
        let under = |root: &'static str| {
            move |fault: Fault| Fault { path: format!("{root}{}", fault.path), ..fault }
        };
        let now = instant(now_ms)?;
        let actions = decode::json(actions)
            .and_then(|json| gate::read_actions(Node::root(&json)))
            .map_err(under("/actions"))?;
        let context = decode::json(context)
            .and_then(|json| Context::read(Node::root(&json)))
            .map_err(under("/context"))?;
        gate::classify(&self.policy, &actions, &context, now)
    }

    fn judge(&self, request: &JsValue, now_ms: f64) -> Result<(Request, Verdict), Fault> {
        let now = instant(now_ms)?;
        let request = Request::read(&decode::json(request)?)?;
        let verdict = verdict::evaluate(&self.policy, &request, now);
        Ok((request, verdict))
    }
}

/// The canonical form of a value (RFC 8785).
///
/// # Errors
/// Throws where the value is not JSON, with the path to the fault.
#[wasm_bindgen]
pub fn canonicalize(value: &JsValue) -> Result<String, JsValue> {
    decode::json(value).map(|json| json.canonical()).map_err(|fault| encode::error(&fault))
}

fn instant(now_ms: f64) -> Result<TimestampMs, Fault> {
    let whole = now_ms.is_finite() && now_ms.fract() == 0.0;
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked by `TimestampMs`")]
    let instant = whole.then_some(now_ms as i64).and_then(TimestampMs::new);
    instant.ok_or_else(|| {
        Fault::new(
            ErrorCode::InvalidField,
            "/now",
            format!("`{}` is not an instant", decode::shortest_digits(now_ms)),
            "pass whole milliseconds since 1970, such as Date.now()",
        )
    })
}
