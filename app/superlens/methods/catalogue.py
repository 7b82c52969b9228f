"""The methods there are: an explicit list, and what other packages add.

Torch-free until a runtime is loaded.
"""

from superlens.core.catalogue import entry_of, runtime_of, with_added
from superlens.core.errors import InvalidParameter
from superlens.core.method import Method, MethodSpec
from superlens.methods.cvdm.spec import CVDM
from superlens.methods.pix2pix.spec import PIX2PIX
from superlens.methods.resrgan.spec import RESRGAN

ENTRY_POINT_GROUP = "superlens.methods"
"""Under this group other packages name `module:SPEC` of theirs."""

METHODS: tuple[MethodSpec, ...] = with_added((RESRGAN, PIX2PIX, CVDM), ENTRY_POINT_GROUP)


def method_spec(method_id: str) -> MethodSpec:
    """Give the description of a method.

    Raises:
        InvalidParameter: there is none of that id.
    """
    return entry_of(METHODS, method_id, "method")


def load_method(method_id: str) -> Method:
    """Import the runtime of a method, with torch: for the engine only.

    Raises:
        InvalidParameter: there is none of that id.
    """
    return runtime_of(method_spec(method_id).runtime)


def preset_params(spec: MethodSpec, name: str) -> object:
    """Give the training parameters of a preset, an instance of the method's `train_params`.

    Raises:
        InvalidParameter: the method has none of that name.
    """
    found = next((one.params for one in spec.presets if one.name == name), None)
    if found is None:
        names = ", ".join(one.name for one in spec.presets)
        raise InvalidParameter(
            f"{spec.title} has no preset {name!r}",
            f"Its presets are {names}" if names else "It has none: set its parameters one by one",
        )
    return found
