"""Prototxt text as Caffe's message, or the line and the word that is wrong."""
from google.protobuf import text_format

from ..errors import NetError, did_you_mean


def parse(caffe, text, what="prototxt"):
    """The text as a NetParameter; NetError with line, column and near spellings."""
    net = caffe.proto.caffe_pb2.NetParameter()
    if not text.strip():
        raise NetError(f"{what} is empty; expected layers in prototxt form, "
                       'like: layer { name: "x" type: "Input" top: "x" }')
    try:
        return text_format.Parse(text, net)
    except text_format.ParseError as error:
        line = error.GetLine()
        shown = text.splitlines()[line - 1].strip() if line else ""
        raise NetError(f"{what}, line {line}: {error}\n    {shown[:200]}"
                       + _near_word(caffe, str(error))) from None


def _near_word(caffe, said):
    """For 'has no field named "x"' and 'has no value named X': the nearest that exists."""
    words = said.replace('"', " ").split()
    if "named" not in words:
        return "\nExpected prototxt text: names, colons, values and { } blocks."
    wrong = words[words.index("named") + 1].rstrip(".")
    owner = words[words.index("type") + 1].split(".")  # caffe.EltwiseParameter[.EltwiseOp]
    message = getattr(caffe.proto.caffe_pb2, owner[1], None)
    if message is None:
        return ""
    if len(owner) == 3:
        known = message.DESCRIPTOR.enum_types_by_name[owner[2]].values_by_name
    else:
        known = message.DESCRIPTOR.fields_by_name
    return f"\nKnown: {', '.join(known)}.{did_you_mean(wrong, known)}"
