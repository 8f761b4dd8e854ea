// The tensors of libraries too large to install, by doubles; foreign.test.ts has those of onnxruntime and ndarray, real ones.
import { cases } from '../interop/cases.js';
import { doubles } from '../interop/doubles.js';

cases(doubles);
