//! JSON of the AT Protocol data model, as CBOR values in canonical order.

use ciborium::Value;
use kith_feeder::wire::Cid;
use serde_json::Value as Json;

/// Converts `$link` and `$bytes` objects to what they stand for.
pub(crate) fn value_of(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(value) => (*value).into(),
        Json::Number(number) => match number.as_i64() {
            Some(integer) => integer.into(),
            None => number.as_f64().unwrap().into(),
        },
        Json::String(text) => text.as_str().into(),
        Json::Array(list) => Value::Array(list.iter().map(value_of).collect()),
        Json::Object(map) => {
            if let Some(cid) = map.get("$link").and_then(Json::as_str)
                && let Ok(cid) = Cid::parse(cid)
            {
                return crate::frames::link(&cid);
            }
            if let Some(text) = map.get("$bytes").and_then(Json::as_str)
                && let Ok(bytes) = multibase::Base::Base64.decode(text)
            {
                return Value::Bytes(bytes);
            }
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| (key.len(), *key));
            let entries = entries.into_iter();
            Value::Map(
                entries
                    .map(|(key, value)| (key.as_str().into(), value_of(value)))
                    .collect(),
            )
        }
    }
}
