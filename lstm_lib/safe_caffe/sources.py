"""Are the files and databases there that the layers of a net read?

Caffe says of some which are missing and not of others, and makes a folder for a LevelDB that
is not there.
"""
import os

from ..errors import NetError

READS = {"Data": "data_param", "ImageData": "image_data_param", "HDF5Data": "hdf5_data_param",
         "WindowData": "window_data_param"}
DATABASES = {"LMDB": "data.mdb", "LEVELDB": "CURRENT"}  # a file in the folder of each
NAMES_A_FILE = "source", "mean_file"


def check_sources(net):
    """Raise where a layer of the net names no file or database, or one that is not there."""
    for layer in net.layer:
        option = READS.get(layer.type)
        if option and not getattr(layer, option).source:
            _complain(layer, option, "source", "is missing; give the path of what is to be read")
        for field, part in layer.ListFields():
            if field.name.endswith("_param") and field.message_type:
                _check_files(layer, field.name, part)


def _check_files(layer, option, part):
    for name in NAMES_A_FILE:
        path = getattr(part, name, "")
        if path and not os.path.exists(path):
            _complain(layer, option, name, f"{path!r}: there is no such file or folder (looked in "
                                           f"{os.path.dirname(os.path.abspath(path))})")
        if os.path.isdir(path) and (layer.type, name) != ("Data", "source"):
            _complain(layer, option, name, f"{path!r} is a folder, no file")
    if layer.type == "Data" and option == "data_param":
        kind = part.DESCRIPTOR.enum_types_by_name["DB"].values_by_number[part.backend].name
        if not os.path.isfile(os.path.join(part.source, DATABASES[kind])):
            _complain(layer, option, "source", f"{part.source!r} is no {kind}: there is no "
                                               f"{DATABASES[kind]} in it")


def _complain(layer, option, name, what):
    raise NetError(f"layer {layer.name!r} ({layer.type}): {option} {{ {name} }} {what}.")
