//! One participant's time: a line for each registration and each thing that happened.

use super::plot::{Plot, plain, steps};
use super::{SIZE, WIDTH};
use crate::scene::{Anchor, Role, Scene, measure_text};
use crate::{phrase, say};
use words::Text;

/// What happened, in months from the first registration; `from` and `to` differ where the day is known in part.
#[derive(Clone, Debug, PartialEq)]
pub struct Moment {
    pub name: Text,
    pub day: Text,
    pub from: f64,
    pub to: f64,
    pub kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A step of registration.
    Step,
    Fact,
    /// A fact that ends the participant's time.
    End,
}

/// A line for each moment, in the order given, with its day; where the day is known in part, a bar over the days that it
/// can be. `None` without a moment.
pub fn course(id: &str, moments: &[Moment]) -> Option<Scene> {
    let drawn: Vec<&Moment> = moments.iter().filter(|m| m.from.is_finite() && m.to >= m.from).collect();
    if drawn.is_empty() {
        return None;
    }
    let (row, top) = (22.0, 8.0);
    let low = drawn.iter().map(|m| m.from).fold(0.0, f64::min);
    let high = drawn.iter().map(|m| m.to).filter(|to| to.is_finite()).fold(1.0, f64::max);
    let xs = steps(low, high, 8);
    let widest =
        |text: fn(&Moment) -> &Text| drawn.iter().map(|m| measure_text(text(m), SIZE)).fold(0.0, f64::max);
    let left = widest(|m| &m.name) + 12.0;
    let right = WIDTH - widest(|m| &m.day) - 16.0;
    let bottom = top + row * drawn.len() as f64;
    let plot = Plot::new((left, right.max(left + 80.0), top, bottom), &xs, &[0.0, 1.0]);
    let mut scene = Scene::new(id, WIDTH, bottom + 48.0, say::text("figure-course"));
    let mut said = vec![say::text("figure-course")];
    for (i, moment) in drawn.iter().enumerate() {
        let y = top + (i as f64 + 0.5) * row;
        scene.line(Role::Grid, None, (plot.left, y), (plot.right, y));
        scene.text(Role::Label, plot.left - 12.0, y + 4.5, Anchor::End, moment.name.clone());
        let (from, to) = (plot.x.at(moment.from), plot.x.at(moment.to));
        if to > from {
            scene.area(0, from, y - 4.0, to - from, 8.0);
        } else {
            match moment.kind {
                Kind::Step => scene.symbol(1, to, y, 10.0),
                Kind::Fact => scene.disc(Role::Open, None, to, y, 4.5),
                Kind::End => {
                    scene.disc(Role::Open, None, to, y, 5.0);
                    scene.line(Role::Whisker, None, (to - 3.0, y - 3.0), (to + 3.0, y + 3.0));
                    scene.line(Role::Whisker, None, (to - 3.0, y + 3.0), (to + 3.0, y - 3.0));
                }
            }
        }
        scene.text(Role::Soft, WIDTH, y + 4.5, Anchor::End, moment.day.clone());
        said.push(Text::new(
            format!("{}: {}", moment.name.ja, moment.day.ja),
            format!("{}: {}", moment.name.en, moment.day.en),
        ));
    }
    plot.x_axis(&mut scene, &xs, plain, say::text("axis-months-since"));
    scene.description = phrase::sentences(&said);
    Some(scene)
}
