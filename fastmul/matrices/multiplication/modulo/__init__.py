"""How each row of matmul multiplies modulo p (`mod=`): one file per row, of the same name."""
