"""What real Caffe has: the layer types and names of pycaffe, of the version that is the judge.

What of it is not here is said to be there, instead of called a mistake. A test holds both lists
against real Caffe.
"""
LAYER_TYPES = frozenset("""
    AbsVal Accuracy ArgMax BNLL BatchNorm BatchReindex Bias Concat ContinuationIndicator
    ContrastiveLoss Convolution Crop CtcLoss Data Deconvolution Dropout DummyData ELU
    Eltwise Embed EuclideanLoss Exp Filter Flatten HDF5Data HDF5Output HingeLoss Im2col
    ImageData InfogainLoss InnerProduct Input LRN LSTM LSTMUnit LabelsequenceAccuracy Log
    MVN MemoryData MultinomialLogisticLoss PReLU Parameter Permute Pooling Power Python RNN
    ReLU Reduction Reshape Reverse SPP Scale Sigmoid SigmoidCrossEntropyLoss Silence Slice
    Softmax SoftmaxWithLoss Split Swish TanH Threshold Tile WindowData
""".split())
NAMES = frozenset("""
    AdaDeltaSolver AdaGradSolver AdamSolver Classifier Detector Layer NCCL NesterovSolver
    Net NetSpec RMSPropSolver SGDSolver TEST TRAIN Timer classifier coord_map detector draw
    get_solver has_nccl init_log io layer_type_list layers log net_spec params proto pycaffe
    set_device set_mode_cpu set_mode_gpu set_multiprocess set_random_seed set_solver_count
    set_solver_rank solver_count solver_rank to_proto
""".split())


OF_DATABASES = {"Data", "ImageData", "WindowData"}  # of LMDB, LevelDB and OpenCV


def only_there(layer_type):
    """Whose layer type this is, in words; none if real Caffe has no layer type of this name."""
    if layer_type not in LAYER_TYPES:
        return ""
    said = f"portable_caffe does not run layers of type {layer_type!r}; real Caffe does."
    if layer_type in OF_DATABASES:
        said += (" It reads databases or pictures; here Input, HDF5Data, MemoryData and Python "
                 "layers bring numbers.")
    return said
