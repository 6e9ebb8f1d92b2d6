"""Notes of a training run on its candidates: those to be trained, the scores of the saved one, and the gain from covariates."""

from __future__ import annotations

from collections.abc import Sequence

from tsattn.data.panel import Panel, Schema
from tsattn.workflows.candidates import AS_IS, Entry, Judged, kinds_of_covariates
from tsattn.workflows.model_selection import CHECKED, Base, kinds_of, shares_of

SHOWN = 3  # best candidates that are named, in addition to the saved one and zero-shot


def announced(base: Base | None, start: str, panel: Panel, across: int = 0) -> tuple[str, ...]:
    """Describe the candidates that will be trained. across: as in ModelConfig."""
    if base is None:
        return ()
    if start == "shipped":
        return ("fine-tuning the model in the package",)
    if start == CHECKED:
        return (
            "candidates: a network from scratch and the zero-shot model unchanged; "
            "the better one on the validation windows is saved",
        )
    together = "each also with attention across series (as many steps again), " if across else ""
    share = 100 * shares_of(kinds_of(base, start), panel)["shipped"]
    return (
        f"candidates: the zero-shot model fine-tuned ({share:.0f} % of the steps), a network from scratch "
        f"({100 - share:.0f} %), {together}the zero-shot model unchanged, averages of fine-tuned and zero-shot, and the best of "
        "these with gradient-boosted trees; the best one on the validation windows is saved",
    )


def notes_of(best: Entry, scores: Sequence[Judged], schema: Schema) -> tuple[str, ...]:
    """Name the candidate that was saved, with its validation scores and the others', and the gain from covariates."""
    if not scores:
        return ()
    kept = scores[0]
    # zero-shot is saved with members; its network alone is kept only if there was no time to score them
    saved = [one for one in scores if one is kept or (not one.hidden and (one.members or one.name != AS_IS))]
    found = sorted(saved, key=lambda score: score.loss)
    why = "it has the lowest loss on the validation windows"
    if found[0] != kept:
        why = f"the loss of {found[0].title} is not clearly lower"
    shown = [one for n, one in enumerate(found) if n < SHOWN or one is kept or _is_zero_shot(one)]
    said = ", ".join(map(str, shown)) + ("; tsattn describe lists all" if len(shown) < len(found) else "")
    line = f"best candidate: {kept.title}; {why} (MASE / scaled quantile loss: {said})"
    return line, *covariate_notes(best, scores, schema)


def _is_zero_shot(one: Judged) -> bool:
    return one.name == AS_IS and not (one.trees or one.leads)


def covariate_notes(best: Entry, scores: Sequence[Judged], schema: Schema) -> tuple[str, ...]:
    """Return a line on the loss of the saved candidate with and without covariates; nothing if the data has none.

    scores: the saved candidate comes first; one has covariates hidden, if there was time to score it (see candidates.judge).
    """
    declared, read = kinds_of_covariates(schema), best.reads(schema)
    if not declared:
        return ()
    if not read:
        return (f"{' and '.join(declared)} covariates: the saved model does not read them",)
    what, with_them = f"{' and '.join(read)} covariates", scores[0].loss
    without = next((score.loss for score in scores if score.hidden), None)
    if without is None:
        return (f"{what}: the loss without them was not measured, for lack of time",)
    change = with_them / without - 1 if without > 0 else 0.0
    return (f"{what}: the loss is {with_them:.3f} with them and {without:.3f} without ({100 * change:+.0f} %)",)
