"""Real Caffe itself, told before its import to keep its log to itself."""
import os

os.environ.setdefault("GLOG_minloglevel", "2")  # Caffe reads it once, at its import
import caffe as real  # noqa: E402

__all__ = ["real"]
