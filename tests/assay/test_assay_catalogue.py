"""The catalogue of assays."""

import subprocess
import sys

import pytest

from superlens.assay.catalogue import ASSAYS, assay_spec, load_assay
from superlens.core.errors import InvalidParameter
from superlens.core.parameters import build, describe, plain_values


@pytest.mark.parametrize("spec", ASSAYS, ids=lambda spec: spec.id)
def test_assay_is_complete(spec) -> None:
    assert assay_spec(spec.id) is spec
    assert callable(load_assay(spec.id).measure)
    assert spec.headline is spec.features[0]
    params = build(spec.params, {})
    assert build(spec.params, plain_values(params)) == params
    assert all(info.help for info in describe(spec.params))


def test_unknown_assay_names_the_nearest() -> None:
    with pytest.raises(InvalidParameter) as caught:
        assay_spec("translocaton")

    assert caught.value.advice == "Did you mean 'translocation'?"
    with pytest.raises(InvalidParameter) as caught:
        load_assay("xyz")
    assert "translocation" in caught.value.advice


def test_specs_load_without_scientific_libraries() -> None:
    code = (
        "import sys, superlens.assay.catalogue\n"
        "print([name for name in ('scipy', 'skimage', 'torch', 'PySide6') if name in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
