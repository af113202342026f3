//! Figures as PNG.

use crate::faces::{FILES, Faces};
use crate::wire::Failure;
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{FontResolver, Options, Tree, fontdb};
use std::sync::{Arc, LazyLock};

static FONTS: LazyLock<Arc<fontdb::Database>> = LazyLock::new(|| {
    let mut db = fontdb::Database::new();
    for file in FILES {
        db.load_font_data(file.to_vec());
    }
    Arc::new(db)
});

/// Paints an SVG `scale` times as large as it is, on white. At most 64 million pixels.
pub fn png(_faces: &Faces, svg: &str, scale: f64) -> Result<Vec<u8>, Failure> {
    let failed = |said: String| Failure::request("paint", said);
    let options = Options {
        font_family: "BIZ UDPGothic".into(),
        fontdb: FONTS.clone(),
        font_resolver: FontResolver {
            select_font: FontResolver::default_font_selector(),
            // Digits come from their own face; whatever it lacks comes from the text face of the same weight.
            select_fallback: Box::new(|c, tried, db| {
                let weight = tried.first().and_then(|id| db.face(*id)).map(|f| f.weight);
                let wanted = |f: &&fontdb::FaceInfo| {
                    f.families.iter().any(|(name, _)| name == "BIZ UDPGothic")
                        && weight.is_none_or(|w| w == f.weight)
                        && !tried.contains(&f.id)
                };
                let _ = c;
                db.faces().find(wanted).map(|f| f.id)
            }),
        },
        ..Options::default()
    };
    let tree = Tree::from_str(svg, &options).map_err(|e| failed(e.to_string()))?;
    let size = tree.size();
    let side = |length: f32| (f64::from(length) * scale).ceil().clamp(1.0, 32_768.0) as u32;
    let (width, height) = (side(size.width()), side(size.height()));
    if u64::from(width) * u64::from(height) > 64_000_000 {
        return Err(failed(format!("{width} × {height} pixels are too many")));
    }
    let mut pixmap = Pixmap::new(width, height).ok_or_else(|| failed("no such size".into()))?;
    pixmap.fill(resvg::tiny_skia::Color::WHITE);
    let scale = scale as f32;
    resvg::render(&tree, Transform::from_scale(scale, scale), &mut pixmap.as_mut());
    pixmap.encode_png().map_err(|e| failed(e.to_string()))
}
