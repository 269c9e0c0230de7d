"""``cardsvc photo``: the standard portrait from any picture, without a database."""

import json
import sys
from pathlib import Path
from typing import Any

import click

from cardsvc.cli.exits import faults_as_exit_codes


@click.group("photo")
def command() -> None:
    """Make and check portraits."""


@command.command("normalise")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--profile", default="guizhou", show_default=True, help="The region's rules.")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Where portraits go.")
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="Every verdict as JSON.")
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
def normalise(files: tuple[Path, ...], profile: str, out: Path, report: Path | None, lang: str) -> None:
    """Write OUT/<stem>.jpg for each accepted photo; exit 1 if any was refused."""
    from cardsvc.capture.normalise import normalise as make
    from cardsvc.domain.profiles import load_profile

    refused = 0
    verdicts: list[dict[str, Any]] = []
    with faults_as_exit_codes(lang):
        rules = load_profile(profile)
        out.mkdir(parents=True, exist_ok=True)
        for file in files:
            result = make(file.read_bytes(), rules)
            if result.portrait is not None:
                (out / f"{file.stem}.jpg").write_bytes(result.portrait)
            refused += not result.accepted
            told = result.as_dict()
            verdicts.append({"file": file.name, **told})
            click.echo(f"{file.name}: {'ok' if result.accepted else 'refused'}")
            for problem in told["problems"]:
                click.echo(f"  {problem['severity']:6} {problem[lang]} [{problem['code']}]")
        if report is not None:
            body = {"version": 1, "profile": profile, "photos": verdicts}
            report.write_text(json.dumps(body, ensure_ascii=False, indent=2), encoding="utf-8")
    sys.exit(1 if refused else 0)
