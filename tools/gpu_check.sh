#!/usr/bin/env bash
# Is all right on this GPU, and how fast is it? Four parts, eight minutes at most.
#
#   tools/gpu_check.sh OUT                        on a machine with a GPU, PyTorch and no Caffe
#   tools/gpu_check.sh OUT --device cpu --quick   tries all that out on a CPU
#
# PYTHON chooses the interpreter (default: python3). A part that fails does not stop the others.
# OUT gets a log of each part, what the parts found (*.json) and summary.txt, all as they go.
set -u
left_out=77  # the exit status of a part that cannot run here and need not

usage() {
    echo "usage: [PYTHON=...] tools/gpu_check.sh OUT [--device gpu|cpu] [--quick]" >&2
    exit 2
}

# part NAME SECONDS COMMAND...: run it, show and log what it prints, add a line to the table.
part() {
    local name=$1 limit=$2 begin=$SECONDS result status
    shift 2
    [[ $device == gpu ]] || limit=600  # against hanging only
    echo "== $name"
    timeout -k 10 "$limit" "$@" 2>&1 | tee "$out/$name.log"
    status=${PIPESTATUS[0]}
    case $status in
        0) result=ok ;;
        "$left_out") result="left out" ;;
        *) result=FAILED; failed=1 ;;
    esac
    [[ $status != 124 && $status != 137 ]] || echo "$name: ended after $limit seconds"
    printf '%-10s %-9s %8d\n' "$name" "$result" $((SECONDS - begin)) >> "$out/summary.txt"
}

device=gpu quick="" failed=0
[[ $# -gt 0 && $1 != -* ]] || usage
mkdir -p "$1" && out=$(cd "$1" && pwd) || exit 2
while shift && [[ $# -gt 0 ]]; do
    case $1 in
        --device) device=${2:-}; shift ;;
        --quick) quick=--quick ;;
        *) usage ;;
    esac
done
[[ $device == gpu || $device == cpu ]] || usage

python=${PYTHON:-python3}
python=$(command -v "$python") || { echo "there is no ${PYTHON:-python3} here" >&2; exit 2; }
[[ $python == /* ]] || python=$PWD/$python
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 2
"$python" benchmarks/gpu/gpu_needs.py || exit 2

export LSTM_LIB_ENGINE=portable LSTM_LIB_ARRAYS=torch GPU_CHECK_DEVICE=$device
export PYTHONPATH=$PWD${PYTHONPATH:+:$PYTHONPATH} PYTHONUNBUFFERED=1 MPLBACKEND=Agg
export TORCH_ALLOW_TF32_CUBLAS_OVERRIDE=0  # some containers set 1: products of lower precision
unset LSTM_LIB_GRAPHS NVIDIA_TF32_OVERRIDE TRITON_INTERPRET

tests=(tests/portable/test_portable_gpu.py tests/portable/test_portable_kernels.py)
[[ $quick ]] || tests+=(tests/portable/test_portable_random_use.py tests/portable/test_portable_replay.py)
rm -f "$out"/{gpu,cupy,training}.json  # of an earlier run
printf '%-10s %-9s %8s\n' part result seconds > "$out/summary.txt"
part tests 110 "$python" -m pytest -q -p no:cacheprovider -o faulthandler_timeout=60 "${tests[@]}"
part benchmark 280 "$python" benchmarks/gpu/gpu.py --minutes 4 --device $device $quick \
    --out "$out/gpu.json"
part cupy 50 "$python" benchmarks/gpu/gpu_cupy.py --device $device $quick --out "$out/cupy.json"
part training 40 "$python" benchmarks/gpu/gpu_training.py --device $device --out "$out/training.json"
cat "$out/summary.txt"
exit $failed
