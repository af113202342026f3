//! For the demonstration: choosing as whom to act.

use super::links::back;
use crate::ask::{Ask, COOKIE_NAME, cast_key};
use crate::error::Trouble;
use axum::extract::Form;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Redirect, Response};
use std::collections::BTreeMap;

/// Sets the cookie and goes back to where one was. Whether that page exists for the new role is seen there.
pub(crate) async fn act_as(
    ask: Ask,
    Form(typed): Form<BTreeMap<String, String>>,
) -> Result<Response, Trouble> {
    let key = typed.get("who").ok_or(Trouble::Bad("who"))?;
    if !ask.cast().iter().any(|v| cast_key(v) == *key) {
        return Err(Trouble::Bad("who"));
    }
    let cookie = format!("{COOKIE_NAME}={key}; Path=/; HttpOnly; SameSite=Strict");
    Ok(([(SET_COOKIE, cookie)], Redirect::to(back(&ask, typed.get("back")))).into_response())
}
