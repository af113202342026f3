//! What the pages load, inside the program: style, type, script, mark.

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

/// Name, type, bytes.
const FILES: &[(&str, &str, &[u8])] = &[
    ("shirube.css", "text/css; charset=utf-8", include_bytes!("../../../assets/style/shirube.css")),
    ("server.css", "text/css; charset=utf-8", include_bytes!("../../../assets/style/server.css")),
    ("server.js", "text/javascript; charset=utf-8", include_bytes!("../assets/server.js")),
    ("mark.svg", "image/svg+xml", include_bytes!("../assets/mark.svg")),
    (
        "ShirubeDigits-Regular.woff2",
        "font/woff2",
        include_bytes!("../../../assets/fonts/ShirubeDigits-Regular.woff2"),
    ),
    (
        "ShirubeDigits-Bold.woff2",
        "font/woff2",
        include_bytes!("../../../assets/fonts/ShirubeDigits-Bold.woff2"),
    ),
    (
        "BIZUDPGothic-Regular.ttf",
        "font/ttf",
        include_bytes!("../../../assets/fonts/BIZUDPGothic-Regular.ttf"),
    ),
    ("BIZUDPGothic-Bold.ttf", "font/ttf", include_bytes!("../../../assets/fonts/BIZUDPGothic-Bold.ttf")),
];

/// Serves one of the built-in files. Fonts never change under their name; the rest is asked for again.
pub(crate) async fn asset(Path(name): Path<String>) -> Response {
    let Some((_, kind, bytes)) = FILES.iter().find(|(n, _, _)| *n == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let keep = if kind.starts_with("font/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    ([(header::CONTENT_TYPE, *kind), (header::CACHE_CONTROL, keep)], *bytes).into_response()
}
