"""A made-up provider, as the generator of bindings writes one: two modules in a wheel."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

PROVIDER = """
class ToyProvider extends cdktn.TerraformProvider {
    static tfResourceType = "toy";
    constructor() { super({ providerVersion: '1.2.3' }); }
    // alias - computed: false, optional: true, required: false
    // region - computed: false, optional: true, required: false
    synthesizeHclAttributes() {
        const attrs = {
            alias: {
                value: cdktn.stringToHclTerraform(this._alias),
                isBlock: false,
                type: "simple",
                storageClassType: "string",
            },
            region: {
                value: cdktn.stringToHclTerraform(this._region),
                isBlock: false,
                type: "simple",
                storageClassType: "string",
            },
        };
    }
}
"""

RESOURCE = """
function toyBoxLidToHclTerraform(struct) {
    const attrs = {
        color: {
            value: cdktn.stringToHclTerraform(struct.color),
            isBlock: false,
            type: "simple",
            storageClassType: "string",
        },
        key_wo: {
            value: cdktn.stringToHclTerraform(struct.keyWo),
            isBlock: false,
            type: "simple",
            storageClassType: "string",
        },
    };
}
class ToyBoxLidOutputReference extends cdktn.ComplexObject {
    // color - computed: false, optional: false, required: true
    get color() {
        return this.getStringAttribute('color');
    }
    // key_wo - computed: false, optional: true, required: false
    get keyWo() {
        return this.getStringAttribute('key_wo');
    }
}
class ToyBoxPartsOutputReference extends cdktn.ComplexObject {
    // weight - computed: true, optional: false, required: false
    get weight() {
        return this.getNumberAttribute('weight');
    }
}
class ToyBox extends cdktn.TerraformResource {
    static tfResourceType = "toy_box";
    // lid - computed: false, optional: false, required: true
    _lid = new ToyBoxLidOutputReference(this, "lid");
    // marks - computed: true, optional: false, required: false
    get marks() {
        return cdktn.Fn.tolist(this.getListAttribute('marks'));
    }
    // name - computed: true, optional: true, required: false
    get name() {
        return this.getStringAttribute('name');
    }
    // parts - computed: true, optional: false, required: false
    _parts = new ToyBoxPartsList(this, "parts", false);
    // sizes - computed: false, optional: true, required: false
    get sizes() {
        return this.getNumberListAttribute('sizes');
    }
    // timeouts - computed: false, optional: true, required: false
    _timeouts = new ToyBoxTimeoutsOutputReference(this, "timeouts");
    synthesizeHclAttributes() {
        const attrs = {
            lid: {
                value: toyBoxLidToHclTerraform(this._lid.internalValue),
                isBlock: true,
                type: "list",
                storageClassType: "ToyBoxLidList",
            },
            name: {
                value: cdktn.stringToHclTerraform(this._name),
                isBlock: false,
                type: "simple",
                storageClassType: "string",
            },
            sizes: {
                value: cdktn.listMapperHcl(cdktn.numberToHclTerraform, false)(this._sizes),
                isBlock: false,
                type: "set",
                storageClassType: "numberList",
            },
            timeouts: {
                value: toyBoxTimeoutsToHclTerraform(this._timeouts.internalValue),
                isBlock: true,
                type: "struct",
                storageClassType: "ToyBoxTimeouts",
            },
        };
    }
}
class ToyBoxTimeoutsOutputReference extends cdktn.ComplexObject {
}
"""


def wheel(directory: Path) -> Path:
    """Write the wheel of the toy provider into a directory."""
    package = io.BytesIO()
    with tarfile.open(fileobj=package, mode="w:gz") as archive:
        for name, source in (("provider", PROVIDER), ("box", RESOURCE), ("readme", "// nothing")):
            content = source.lstrip().encode()
            member = tarfile.TarInfo(f"package/lib/{name}/index.js")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    path = directory / "cdktn_provider_toy-1.0.0-py3-none-any.whl"
    metadata = "cdktn_provider_toy-1.0.0.dist-info"
    with zipfile.ZipFile(path, "w") as opened:
        opened.writestr("cdktn_provider_toy/_jsii/toy@1.0.0.jsii.tgz", package.getvalue())
        opened.writestr(
            f"{metadata}/METADATA",
            "Metadata-Version: 2.1\nName: cdktn-provider-toy\nVersion: 1.0.0\n",
        )
        opened.writestr(f"{metadata}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        opened.writestr(f"{metadata}/RECORD", "")
    return path
