//! A figure's texts stand free of each other and inside the frame.

use report::Scene;
use report::scene::{Anchor, Shape, measure};
use words::Lang;

/// Texts of `scene` that leave its frame or run into one another in `lang`, as the typeface would set them at the size
/// of labels.
pub fn collisions(scene: &Scene, lang: Lang) -> Vec<String> {
    const SIZE: f64 = 13.0;
    let mut set: Vec<(f64, f64, f64, &str)> = Vec::new();
    for mark in &scene.marks {
        let Shape::Text { x, y, anchor, text } = &mark.shape else { continue };
        let told = text.get(lang);
        let width = measure(told, SIZE);
        let from = match anchor {
            Anchor::Start => *x,
            Anchor::Middle => x - width / 2.0,
            Anchor::End => x - width,
        };
        if !told.is_empty() {
            set.push((from, from + width, *y, told));
        }
    }
    let mut found: Vec<String> = set
        .iter()
        .filter(|t| t.0 < -1.0 || t.1 > scene.width + 1.0 || t.2 > scene.height + 1.0)
        .map(|t| format!("`{}` leaves the frame: {:.0} to {:.0}", t.3, t.0, t.1))
        .collect();
    for (i, a) in set.iter().enumerate() {
        // Half a line apart is another line.
        let meets = |b: &&(f64, f64, f64, &str)| (a.2 - b.2).abs() < SIZE / 2.0 && a.0 < b.1 && b.0 < a.1;
        found.extend(set[i + 1..].iter().filter(meets).map(|b| format!("`{}` meets `{}`", a.3, b.3)));
    }
    found
}
