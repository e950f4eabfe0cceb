// One function per experiment, each in the file of its name.
#pragma once

#include "lab/lab.h"

namespace widenet::lab {

Experiment uci90();
Experiment tables();
Experiment mnist_nngp();
Experiment cifar10_cntk();
Experiment mnist_myrtle();

}  // namespace widenet::lab
