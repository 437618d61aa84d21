"""The section training.minimum_risk of a config: how candidates are made, and what their risk weighs."""

from typing import Annotated, Literal

from pydantic import Field

from nmt.data_config import Section


class MinimumRiskConfig(Section):
    """Minimum-risk training (Shen et al. 2016); read where `training.criterion` is minimum_risk."""

    candidates: Annotated[int, Field(ge=2)] = Field(4, description="hypotheses of each source whose risk is compared")
    search: Literal["beam", "sample"] = Field(
        "beam", description="where they come from: the best of a beam search with the live weights, or samples drawn from the model"
    )
    reference: bool = Field(False, description="whether the reference, whose risk is 0, is one more candidate, as in Shen et al.")
    sharpness: Annotated[float, Field(gt=0.0)] = Field(
        1.0, description="alpha of Q ∝ exp(alpha · log P / length penalty): the larger, the more the best candidate outweighs the others"
    )
    likelihood_weight: Annotated[float, Field(ge=0.0)] = Field(
        0.3, description="weight of the label-smoothed cross-entropy of the references, beside the expected risk (Edunov et al. 2018)"
    )
