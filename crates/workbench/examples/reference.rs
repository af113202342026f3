//! Recomputes a folder of reference records: `cargo run -p workbench --example reference -- FOLDER`.
fn main() -> Result<(), workbench::WorkbenchError> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| ".".into());
    workbench::reference(std::path::Path::new(&folder), workbench::Format::Text, &mut std::io::stdout())?;
    Ok(())
}
